// Writing pictures, and reading them back.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>

#include "apps/support/image_file.h"
#include "apps/support/png_file.h"
#include "kernels/check.h"
#include "picture_files.h"

namespace gramgrad::apps {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Image filled(int width, int height, float value) {
  Image image;
  image.width = width;
  image.height = height;
  image.pixels.assign(3 * image.pixel_count(), value);
  return image;
}

// All `levels` values that a channel can have, in 3 x 257 columns of pixels.
Image all_levels(unsigned levels) {
  Image image = filled(257, static_cast<int>(levels / (3 * 257) + 1), 0);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<float>(i % levels) / static_cast<float>(levels - 1);
  }
  return image;
}

std::string writing_error(const std::string& path, const Image& image,
                          const WriteOptions& options = {}) try {
  write_image(path, image, options);
  return "";
} catch (const Error& error) {
  return error.what();
}

class Write : public testing::Test {
 protected:
  TemporaryDirectory directory_;
};

TEST_F(Write, PngKeepsEveryLevelExactly) {
  for (const int bits : {8, 16}) {
    const Image image = all_levels(1U << bits);
    write_image(directory_ / "out.png", image, {bits, 95, {}});
    const LoadedImage back = read_image(directory_ / "out.png");
    EXPECT_THAT(back.warnings, IsEmpty());
    EXPECT_EQ(back.image.width, image.width);
    EXPECT_EQ(back.image.height, image.height);
    EXPECT_EQ(back.image.pixels, image.pixels) << bits << " bits";
  }
  EXPECT_THAT(directory_.names(), ElementsAre("out.png"));
}

TEST_F(Write, PngKeepsAlpha) {
  for (const int bits : {8, 16}) {
    Image image = filled(5, 3, 0.2F);
    for (std::size_t i = 0; i < image.pixel_count(); ++i) {
      image.alpha.push_back(static_cast<float>(i) / 15.0F);
    }
    write_image(directory_ / "out.PNG", image, {bits, 95, {}});
    const Image back = read_image(directory_ / "out.PNG").image;
    EXPECT_EQ(back.pixels, image.pixels);
    EXPECT_THAT(back.alpha, testing::Pointwise(testing::FloatEq(), image.alpha));
  }
}

TEST_F(Write, ValuesAreClampedAndRoundedToNearest) {
  Image image = filled(2, 1, 0);
  image.pixels = {-0.5F, 1.5F, 100.49F / 255.0F, 100.51F / 255.0F, 0.49F / 255.0F, 254.6F / 255.0F};
  write_image(directory_ / "out.png", image);
  const auto level = [](int value) { return static_cast<float>(value) / 255.0F; };
  EXPECT_THAT(read_image(directory_ / "out.png").image.pixels,
              ElementsAre(0, 1, level(100), level(101), 0, 1));
}

TEST_F(Write, PngSaysThatItIsSrgbAndNothingOfTheTime) {
  write_image(directory_ / "a.png", filled(3, 2, 0.25F), {8, 95, {{"key", "value"}}});
  std::vector<std::string> types;
  for (const PngChunk& chunk : parse_png(read_bytes(directory_ / "a.png"))) {
    types.push_back(chunk.type);
  }
  EXPECT_THAT(types, ElementsAre("IHDR", "gAMA", "sRGB", "cHRM", "iTXt", "IDAT", "IEND"));
}

TEST_F(Write, IsDeterministic) {
  const Image image = all_levels(256);
  for (const std::string extension : {".png", ".jpg"}) {
    write_image(directory_ / ("a" + extension), image, {8, 95, {{"key", "value"}}});
    write_image(directory_ / ("b" + extension), image, {8, 95, {{"key", "value"}}});
    EXPECT_EQ(read_bytes(directory_ / ("a" + extension)),
              read_bytes(directory_ / ("b" + extension)));
  }
}

TEST_F(Write, PngTextComesBack) {
  std::map<std::string, std::string> text = {
      {"empty", ""},
      {"gramgrad recipe", "{\"style\": \"Sternennacht \xE2\x98\x85\"}"},
      {"long", std::string(100000, 'x')}};
  write_image(directory_ / "out.png", filled(3, 2, 0.5F), {8, 95, text});
  EXPECT_EQ(read_png_text(directory_ / "out.png"), text);
  EXPECT_LT(read_bytes(directory_ / "out.png").size(), 2000U) << "long text is compressed";
}

TEST_F(Write, PngTextWithAnImpossibleKeyOrValueIsAnError) {
  for (const std::string& key : {std::string(), std::string(80, 'k'), std::string(" key"),
                                 std::string("two  spaces"), std::string("ke\xFCy")}) {
    EXPECT_THAT(writing_error(directory_ / "out.png", filled(1, 1, 0), {8, 95, {{key, "value"}}}),
                HasSubstr("cannot name a PNG text"));
  }
  EXPECT_THAT(writing_error(directory_ / "out.png", filled(1, 1, 0),
                            {8, 95, {{"key", std::string("a\0b", 3)}}}),
              HasSubstr("zero byte"));
  EXPECT_THAT(directory_.names(), IsEmpty());
}

// Of one colour only DC coefficients remain; at quality 95 their step is 2, an eighth of that in
// levels: 0.125 at most. YCbCr rounding as in image_jpeg_test.cpp: (0.5 + 0.125)(1 + 1.772) + 0.5.
TEST_F(Write, JpegKeepsColours) {
  constexpr float tolerance = 2.24F / 255.0F;
  Image image = filled(21, 9, 0);
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    image.pixels[i] = 0.9F;
    image.pixels[i + 1] = 0.3F;
    image.pixels[i + 2] = 0.1F;
  }
  write_image(directory_ / "out.jpeg", image);
  const LoadedImage back = read_image(directory_ / "out.jpeg");
  EXPECT_THAT(back.warnings, IsEmpty());
  ASSERT_EQ(back.image.width, 21);
  ASSERT_EQ(back.image.height, 9);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    ASSERT_NEAR(back.image.pixels[i], image.pixels[i], tolerance);
  }
}

TEST_F(Write, JpegIs444WithProfileAndComments) {
  const std::map<std::string, std::string> text = {{"key", "value"},
                                                   {"long", std::string(70000, 'x')}};
  write_image(directory_ / "out.jpg", filled(16, 16, 0.5F), {8, 95, text});
  const std::string bytes = read_bytes(directory_ / "out.jpg");
  jpeg_decompress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&codec, JPEG_COM, 0xFFFF);
  jpeg_save_markers(&codec, JPEG_APP0 + 2, 0xFFFF);
  jpeg_read_header(&codec, TRUE);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(codec.comp_info[c].h_samp_factor, 1);
    EXPECT_EQ(codec.comp_info[c].v_samp_factor, 1);
  }
  JOCTET* profile = nullptr;
  unsigned length = 0;
  EXPECT_TRUE(jpeg_read_icc_profile(&codec, &profile, &length));
  std::free(profile);
  EXPECT_GT(length, 128U);
  std::vector<std::string> comments;
  for (auto* marker = codec.marker_list; marker != nullptr; marker = marker->next) {
    if (marker->marker == JPEG_COM) {
      comments.emplace_back(reinterpret_cast<const char*>(marker->data), marker->data_length);
    }
  }
  EXPECT_THAT(comments, ElementsAre("key: value"));  // the long one does not fit
  jpeg_destroy_decompress(&codec);
}

TEST_F(Write, JpegLaysAlphaOverWhite) {
  Image image = filled(8, 8, 0.0F);
  image.alpha.assign(64, 0.2F);
  write_image(directory_ / "out.jpg", image);
  for (const float value : read_image(directory_ / "out.jpg").image.pixels) {
    ASSERT_NEAR(value, 0.8F, 1.0F / 255.0F);
  }
  EXPECT_EQ(image.alpha.size(), 64U);
}

TEST_F(Write, RefusesUnfitPicturesAndOptions) {
  const Image good = filled(2, 2, 0.5F);
  Image bad = good;
  bad.pixels[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(writing_error(directory_ / "out.png", bad), HasSubstr("not finite"));
  bad = good;
  bad.alpha = {1, 1, 1};
  EXPECT_THAT(writing_error(directory_ / "out.png", bad), HasSubstr("needs 4 alpha values"));
  bad = good;
  bad.pixels.pop_back();
  EXPECT_THAT(writing_error(directory_ / "out.png", bad), HasSubstr("needs 12 values"));
  bad = good;
  bad.channels = 4;
  EXPECT_THAT(writing_error(directory_ / "out.png", bad), HasSubstr("4 channels"));
  EXPECT_THAT(writing_error(directory_ / "out.png", Image{}), HasSubstr("no pixels"));
  EXPECT_THAT(writing_error(directory_ / "out.png", good, {12, 95, {}}), HasSubstr("8 or 16 bits"));
  EXPECT_THAT(writing_error(directory_ / "out.jpg", good, {8, 0, {}}), HasSubstr("from 1 to 100"));
  EXPECT_THAT(writing_error(directory_ / "out.jpg", filled(65501, 1, 0)),
              HasSubstr(".png instead"));
  EXPECT_THAT(directory_.names(), IsEmpty());
}

TEST_F(Write, UnknownExtensionIsAnErrorThatListsTheKnownOnes) {
  for (const std::string name : {"out", "out.gif", "out.png.txt", ".png"}) {
    const std::string path = directory_ / name;
    EXPECT_THAT(writing_error(path, filled(1, 1, 0)),
                AllOf(StartsWith(path + ": "), HasSubstr(".png, .jpg or .jpeg")));
    EXPECT_THROW(check_image_output(path), Error);
  }
  EXPECT_NO_THROW(check_image_output(directory_ / "out.JPeG"));
  EXPECT_THAT(directory_.names(), IsEmpty());
}

// A limit on file sizes stands for a full disk.
TEST_F(Write, AFullDiskLeavesTheOldFile) {
  for (const std::string name : {"out.png", "out.jpg"}) {
    write_bytes(directory_ / name, "old");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small = {100, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string message = writing_error(directory_ / name, all_levels(65536));
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_THAT(message, AllOf(StartsWith(directory_ / name), HasSubstr("cannot be written")));
    EXPECT_EQ(read_bytes(directory_ / name), "old");
  }
  EXPECT_THAT(directory_.names(), ElementsAre("out.jpg", "out.png"));
}

TEST(CompositeOver, MixesByAlphaAndDropsIt) {
  Image image = filled(2, 1, 1.0F);
  image.alpha = {0.25F, 0.0F};
  composite_over(image, 0.5F, 0.0F, 1.0F);
  EXPECT_THAT(image.pixels, ElementsAre(0.625F, 0.25F, 1.0F, 0.5F, 0.0F, 1.0F));
  EXPECT_THAT(image.alpha, IsEmpty());
  composite_over(image, 0, 0, 0);
  EXPECT_EQ(image.pixels[0], 0.625F);
}

TEST(Photographs, AreReadAndKept) {
  const std::string folder = GRAMGRAD_SOURCE_DIR "/../shared/images";
  if (!std::filesystem::is_directory(folder)) {
    GTEST_SKIP() << "there are no photographs in " << folder;
  }
  const TemporaryDirectory directory;
  int pictures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jpg") {
      continue;
    }
    ++pictures;
    const LoadedImage loaded = read_image(entry.path().string());
    check_image(entry.path().string(), loaded.image);
    write_image(directory / "copy.png", loaded.image, {16, 95, {}});
    const Image copy = read_image(directory / "copy.png").image;
    ASSERT_EQ(copy.pixels.size(), loaded.image.pixels.size());
    for (std::size_t i = 0; i < copy.pixels.size(); ++i) {
      ASSERT_NEAR(copy.pixels[i], loaded.image.pixels[i], 0.501F / 65535.0F) << entry.path();
    }
  }
  EXPECT_GT(pictures, 0);
}

}  // namespace
}  // namespace gramgrad::apps
