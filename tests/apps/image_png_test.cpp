// Reading PNG: every colour type and depth gives exactly the values that the file holds.
#include <gmock/gmock.h>

#include <random>

#include "apps/support/image_file.h"
#include "apps/support/png_file.h"
#include "picture_files.h"

namespace gramgrad::apps {
namespace {

using testing::IsEmpty;

constexpr unsigned noise_seed = 20240611;

struct Kind {
  int colour_type;
  int bits;
  int channels;
};

std::vector<unsigned> random_samples(const Kind& kind, int width, int height) {
  std::mt19937 generator(noise_seed);
  std::uniform_int_distribution<unsigned> any(0, (1U << kind.bits) - 1);
  std::vector<unsigned> samples(static_cast<std::size_t>(width * height * kind.channels));
  for (unsigned& sample : samples) {
    sample = any(generator);
  }
  return samples;
}

Image load(const PngSpec& spec) {
  const TemporaryDirectory directory;
  const std::string path = directory / "in.png";
  write_bytes(path, png_file(spec));
  const LoadedImage loaded = read_image(path);
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.image.width, spec.width);
  EXPECT_EQ(loaded.image.height, spec.height);
  return loaded.image;
}

float unit(unsigned sample, int bits) {
  return static_cast<float>(sample) / static_cast<float>((1U << bits) - 1);
}

class PngKinds : public testing::TestWithParam<std::tuple<Kind, bool>> {};

// 13 x 11: odd, and every pass of the interlacing has pixels.
TEST_P(PngKinds, AreReadExactly) {
  const auto& [kind, interlaced] = GetParam();
  const bool has_alpha = kind.channels == 2 || kind.channels == 4;
  PngSpec spec{13, 11, kind.bits, kind.colour_type, interlaced, {}, {}};
  spec.samples = random_samples(kind, spec.width, spec.height);
  const Image image = load(spec);
  ASSERT_EQ(image.pixels.size(), 3 * image.pixel_count());
  ASSERT_EQ(image.alpha.size(), has_alpha ? image.pixel_count() : 0);
  for (std::size_t i = 0; i < image.pixel_count(); ++i) {
    const auto channels = static_cast<std::size_t>(kind.channels);
    const unsigned* sample = spec.samples.data() + i * channels;
    for (std::size_t c = 0; c < 3; ++c) {
      ASSERT_EQ(image.pixels[3 * i + c], unit(sample[kind.channels < 3 ? 0 : c], kind.bits))
          << "pixel " << i << " seed " << noise_seed;
    }
    if (has_alpha) {
      ASSERT_EQ(image.alpha[i], unit(sample[channels - 1], kind.bits)) << "pixel " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PngKinds,
    testing::Combine(testing::Values(Kind{0, 1, 1}, Kind{0, 2, 1}, Kind{0, 4, 1}, Kind{0, 8, 1},
                                     Kind{0, 16, 1}, Kind{2, 8, 3}, Kind{2, 16, 3}, Kind{4, 8, 2},
                                     Kind{4, 16, 2}, Kind{6, 8, 4}, Kind{6, 16, 4}),
                     testing::Bool()),
    [](const auto& test) {
      const Kind& kind = std::get<0>(test.param);
      return "Type" + std::to_string(kind.colour_type) + "Bits" + std::to_string(kind.bits) +
             (std::get<1>(test.param) ? "Interlaced" : "Plain");
    });

class PngPalettes : public testing::TestWithParam<int> {};

TEST_P(PngPalettes, AreReadWithTheirTransparency) {
  const int bits = GetParam();
  PngSpec spec{13, 11, bits, 3, false, random_samples({3, bits, 1}, 13, 11), {}};
  spec.samples[5] = 0;  // the one transparent entry
  std::string palette;
  for (unsigned i = 0; i < 1U << bits; ++i) {
    palette += static_cast<char>(255 - i);
    palette += static_cast<char>(7 * i % 256);
    palette += static_cast<char>(i);
  }
  spec.before_pixels = {{"PLTE", palette}, {"tRNS", std::string("\x33", 1)}};  // entry 0 only
  const Image image = load(spec);
  ASSERT_EQ(image.alpha.size(), image.pixel_count());
  for (std::size_t i = 0; i < image.pixel_count(); ++i) {
    const unsigned entry = spec.samples[i];
    ASSERT_EQ(image.pixels[3 * i], unit(255 - entry, 8));
    ASSERT_EQ(image.pixels[3 * i + 1], unit(7 * entry % 256, 8));
    ASSERT_EQ(image.pixels[3 * i + 2], unit(entry, 8));
    ASSERT_EQ(image.alpha[i], entry == 0 ? 0.2F : 1.0F);
  }
}

INSTANTIATE_TEST_SUITE_P(All, PngPalettes, testing::Values(1, 2, 4, 8));

TEST(PngTransparency, OfOneColourIsReadAsAlpha) {
  PngSpec spec{3, 1, 16, 2, false, {1, 2, 3, 1, 2, 4, 65535, 0, 256}, {}};
  spec.before_pixels = {{"tRNS", big_endian(1, 2) + big_endian(2, 2) + big_endian(3, 2)}};
  const Image image = load(spec);
  EXPECT_EQ(image.alpha, (std::vector<float>{0, 1, 1}));
  EXPECT_EQ(image.pixels[6], 1.0F);
  EXPECT_EQ(image.pixels[8], 256.0F / 65535.0F);
}

TEST(PngTransparency, OpaqueAlphaIsDropped) {
  const Image image = load({2, 1, 8, 6, false, {1, 2, 3, 255, 4, 5, 6, 255}, {}});
  EXPECT_THAT(image.alpha, IsEmpty());
}

TEST(PngOrientation, TurnsColoursAndAlpha) {
  PngSpec spec{2, 1, 8, 4, false, {0, 51, 255, 102}, {}};
  spec.before_pixels = {{"eXIf", exif_block(6, true).substr(6)}};
  const TemporaryDirectory directory;
  write_bytes(directory / "in.png", png_file(spec));
  const Image image = read_image(directory / "in.png").image;
  ASSERT_EQ(image.width, 1);
  ASSERT_EQ(image.height, 2);
  EXPECT_EQ(image.pixels, (std::vector<float>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(image.alpha, (std::vector<float>{0.2F, 0.4F}));
}

TEST(PngText, OfEveryKindIsReadAsUtf8) {
  PngSpec spec{1, 1, 8, 0, false, {0}, {}};
  const std::string zero(1, '\0');
  const std::string gruss = "Gr\xC3\xBC\xC3\x9F";  // in UTF-8
  spec.before_pixels = {
      {"tEXt", "latin" + zero + "Gr\xFC\xDF"},
      {"zTXt", "packed" + zero + zero + deflate("Gr\xFC\xDF")},
      {"iTXt", "wide" + zero + std::string(4, '\0') + gruss},
      {"iTXt", "wide packed" + zero + "\x01" + std::string(3, '\0') + deflate(gruss)},
      {"tEXt", "latin" + zero + "second of the same key"},
  };
  const TemporaryDirectory directory;
  write_bytes(directory / "in.png", png_file(spec));
  const std::map<std::string, std::string> expected = {
      {"latin", gruss}, {"packed", gruss}, {"wide", gruss}, {"wide packed", gruss}};
  EXPECT_EQ(read_png_text(directory / "in.png"), expected);
}

TEST(PngText, ThatWouldUnpackToMoreThanTheLimitIsLeftOut) {
  PngSpec spec{1, 1, 8, 0, false, {0}, {}};
  const std::string zero(1, '\0');
  spec.before_pixels = {{"zTXt", "bomb" + zero + zero + deflate(std::string(40 << 20, 'x'))},
                        {"tEXt", "after" + zero + "read"}};
  const TemporaryDirectory directory;
  write_bytes(directory / "in.png", png_file(spec));
  const auto text = read_png_text(directory / "in.png");
  EXPECT_EQ(text.count("bomb"), 0U);
  EXPECT_EQ(text.at("after"), "read");
  EXPECT_EQ(reading_error(directory / "in.png"), "");  // the picture does not need its text
}

}  // namespace
}  // namespace gramgrad::apps
