// Files that are not what they should be: one clear line, never a crash, never a wrong picture.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <random>

#include "apps/support/image_file.h"
#include "apps/support/png_file.h"
#include "kernels/check.h"
#include "picture_files.h"

namespace gramgrad::apps {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

constexpr unsigned seed = 8122;

struct Sample {
  std::string name;
  std::function<std::string()> bytes;
};

void PrintTo(const Sample& sample, std::ostream* out) {
  *out << sample.name;
}

std::vector<unsigned> noise(std::size_t count, unsigned levels) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<unsigned> any(0, levels - 1);
  std::vector<unsigned> values(count);
  std::generate(values.begin(), values.end(), [&] { return any(generator); });
  return values;
}

std::string rgb_png() {
  return png_file({19, 13, 8, 2, false, noise(19 * 13 * 3, 256), {}});
}

std::string interlaced_palette_png() {
  PngSpec spec{19, 13, 4, 3, true, noise(19 * 13, 16), {}};
  for (const unsigned value : noise(48, 256)) {
    spec.before_pixels.resize(1);
    spec.before_pixels[0].type = "PLTE";
    spec.before_pixels[0].data += static_cast<char>(value);
  }
  spec.before_pixels.push_back({"tRNS", "abcdefgh"});
  return png_file(spec);
}

std::string jpeg(bool progressive, J_COLOR_SPACE given, J_COLOR_SPACE stored) {
  JpegSpec spec;
  spec.width = 19;
  spec.height = 13;
  spec.given = given;
  spec.stored = stored;
  spec.progressive = progressive;
  spec.quality = 80;
  spec.adobe_marker = given == JCS_CMYK;
  spec.exif = exif_block(6, true);
  for (const unsigned value : noise(19 * 13 * (given == JCS_CMYK ? 4 : 3), 256)) {
    spec.samples += static_cast<char>(value);
  }
  return jpeg_file(spec);
}

class Damage : public testing::TestWithParam<Sample> {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "picture";
};

TEST_P(Damage, WholeFileIsRead) {
  write_bytes(path_, GetParam().bytes());
  EXPECT_EQ(reading_error(path_), "");
}

TEST_P(Damage, CutOffAtEveryByteIsAnError) {
  const std::string whole = GetParam().bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_bytes(path_, whole.substr(0, length));
    const std::string message = reading_error(path_);
    ASSERT_THAT(message, StartsWith(path_ + ": ")) << length << " of " << whole.size();
    ASSERT_THAT(message, testing::Not(HasSubstr("\n")));
  }
}

// A picture may survive, but then it is a picture.
TEST_P(Damage, OfRandomBytesGivesAnErrorOrAnImage) {
  const std::string whole = GetParam().bytes();
  std::mt19937 generator(seed);
  std::uniform_int_distribution<std::size_t> anywhere(0, whole.size() - 1);
  std::uniform_int_distribution<int> any_bit(0, 7);
  int errors = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    std::string damaged = whole;
    for (int flip = 0; flip <= trial % 3; ++flip) {
      damaged[anywhere(generator)] ^= static_cast<char>(1 << any_bit(generator));
    }
    write_bytes(path_, damaged);
    try {
      const Image image = read_image(path_).image;
      check_image(path_, image);
      ASSERT_TRUE(std::all_of(image.pixels.begin(), image.pixels.end(),
                              [](float value) { return value >= 0.0F && value <= 1.0F; }))
          << "trial " << trial << " seed " << seed;
    } catch (const Error& error) {
      ASSERT_THAT(error.what(), StartsWith(path_ + ": "));
      ++errors;
    }
  }
  EXPECT_GT(errors, 0) << "seed " << seed;
}

INSTANTIATE_TEST_SUITE_P(
    All, Damage,
    testing::Values(Sample{"RgbPng", rgb_png},
                    Sample{"InterlacedPalettePng", interlaced_palette_png},
                    Sample{"BaselineJpeg", [] { return jpeg(false, JCS_RGB, JCS_YCbCr); }},
                    Sample{"ProgressiveJpeg", [] { return jpeg(true, JCS_RGB, JCS_YCbCr); }},
                    Sample{"YcckJpeg", [] { return jpeg(false, JCS_CMYK, JCS_YCCK); }}),
    [](const auto& test) { return test.param.name; });

class BadFile : public testing::Test {
 protected:
  std::string error_of(const std::string& bytes) {
    write_bytes(path_, bytes);
    return reading_error(path_);
  }
  std::string error_of_chunks(std::vector<PngChunk> chunks) { return error_of(png_file(chunks)); }

  TemporaryDirectory directory_;
  std::string path_ = directory_ / "picture.png";
};

std::string header(std::uint32_t width, std::uint32_t height) {
  return big_endian(width, 4) + big_endian(height, 4) + std::string("\x08\x02\0\0\0", 5);
}

TEST_F(BadFile, MissingOrNoFileAtAll) {
  EXPECT_THAT(reading_error(path_), AllOf(StartsWith(path_ + ": "), HasSubstr("No such file")));
  EXPECT_THAT(reading_error(directory_.path()), HasSubstr("is a directory"));
  EXPECT_THAT(error_of(""), HasSubstr("is empty"));
}

TEST_F(BadFile, OfAnotherKindIsNamed) {
  EXPECT_THAT(error_of("Dear diary,\nnothing"),
              HasSubstr("is not a PNG or JPEG picture: it starts with 'Dear diary,\\x0a'"));
  EXPECT_THAT(error_of(std::string("RIFF\0\0\0\0WEBPVP8 ", 16)), HasSubstr("is a WebP picture"));
  EXPECT_THAT(error_of("GIF89a......."), HasSubstr("is a GIF picture"));
  EXPECT_THAT(error_of("x"), HasSubstr("starts with 'x'"));
}

TEST_F(BadFile, WithHugeOrNoSizeIsRefusedBeforeMemoryIsTaken) {
  EXPECT_THAT(error_of_chunks({{"IHDR", header(65536, 1)}, {"IDAT", ""}, {"IEND", ""}}),
              HasSubstr("too large (65536 x 1"));
  EXPECT_THAT(error_of_chunks({{"IHDR", header(65535, 65535)}, {"IDAT", ""}, {"IEND", ""}}),
              HasSubstr("too large (65535 x 65535"));
  EXPECT_THAT(error_of_chunks({{"IHDR", header(16384, 16384)}, {"IDAT", ""}, {"IEND", ""}}),
              HasSubstr("cannot hold such a large picture"));
  EXPECT_THAT(error_of_chunks({{"IHDR", header(0, 5)}, {"IDAT", ""}, {"IEND", ""}}),
              HasSubstr("damaged"));
}

TEST_F(BadFile, JpegWithHugeSizeIsRefusedBeforeMemoryIsTaken) {
  std::string bytes = jpeg(false, JCS_RGB, JCS_YCbCr);
  const std::size_t frame = bytes.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, "\x3F\xFF\x3F\xFF");
  EXPECT_THAT(error_of(bytes), HasSubstr("cannot hold such a large picture"));
  bytes.replace(frame + 5, 4, "\xF0\xF0\xF0\xF0");
  EXPECT_THAT(error_of(bytes), HasSubstr("too large (61680 x 61680"));
  bytes.replace(frame + 5, 4, std::string("\0\x08\0\0", 4));
  EXPECT_THAT(error_of(bytes), HasSubstr("damaged"));
}

TEST_F(BadFile, WrongChecksumIsAnError) {
  const std::string whole = rgb_png();
  const std::string end = png_chunk({"IEND", ""});
  for (const std::size_t at : {whole.find("IHDR") + 20, whole.size() - end.size() - 1}) {
    std::string bytes = whole;
    bytes[at] ^= 1;  // the last bytes of the CRCs of IHDR and IDAT
    EXPECT_THAT(error_of(bytes), ContainsRegex("damaged or cut off .*CRC")) << "byte " << at;
  }
  std::string bytes = whole;
  bytes[bytes.find("IDAT") + 40] ^= 1;
  EXPECT_THAT(error_of(bytes), HasSubstr("damaged"));
}

TEST_F(BadFile, UndecodablePixelsUnderAGoodChecksumAreAnError) {
  EXPECT_THAT(error_of_chunks({{"IHDR", header(4, 4)}, {"IDAT", "no zlib data"}, {"IEND", ""}}),
              HasSubstr("damaged"));
  const std::string too_few = deflate(std::string(13, '\0'));
  EXPECT_THAT(error_of_chunks({{"IHDR", header(4, 4)}, {"IDAT", too_few}, {"IEND", ""}}),
              HasSubstr("damaged"));
}

// As programs leave it that close what they could not finish: the end marker follows too early.
TEST_F(BadFile, JpegWithMissingPixelsAndAnEndIsAnError) {
  const std::string whole = jpeg(false, JCS_RGB, JCS_YCbCr);
  EXPECT_THAT(error_of(whole.substr(0, whole.size() - 100) + "\xFF\xD9"),
              HasSubstr("premature end of data"));
}

TEST_F(BadFile, PngTextOfOtherFilesIsAnError) {
  write_bytes(path_, jpeg(false, JCS_RGB, JCS_YCbCr));
  EXPECT_THROW(read_png_text(path_), Error);
  write_bytes(path_, rgb_png().substr(0, 20));
  EXPECT_THROW(read_png_text(path_), Error);
}

}  // namespace
}  // namespace gramgrad::apps
