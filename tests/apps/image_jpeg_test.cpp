// Reading JPEG. Test pictures are made of 8 x 8 blocks of one colour at quality 100: then only DC
// coefficients are non-zero, in steps of 1/8 level, and decoding is exact but for the conversion
// from YCbCr.
#include <gmock/gmock.h>

#include "apps/support/image_file.h"
#include "picture_files.h"

namespace gramgrad::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// YCbCr is rounded to whole levels when stored and again as RGB: 0.5 in Y, 0.5 * 1.772 from the
// chroma and 0.5 at the end make less than 2 levels. (Green: 0.5 + 0.5 * 1.06 + 0.5.)
constexpr float ycc_tolerance = 2.0F / 255.0F;
constexpr float block_exact = 1e-6F;

using Colour = std::vector<int>;

// Blocks of 8 x 8 in a row, the last one cut to `last_width` columns, 5 rows high.
JpegSpec blocks(const std::vector<Colour>& colours, int last_width = 8) {
  JpegSpec spec;
  spec.width = 8 * static_cast<int>(colours.size() - 1) + last_width;
  spec.height = 5;
  for (int y = 0; y < spec.height; ++y) {
    for (int x = 0; x < spec.width; ++x) {
      for (const int value : colours[static_cast<std::size_t>(x / 8)]) {
        spec.samples += static_cast<char>(value);
      }
    }
  }
  return spec;
}

LoadedImage load(const JpegSpec& spec) {
  const TemporaryDirectory directory;
  write_bytes(directory / "in.jpg", jpeg_file(spec));
  return read_image(directory / "in.jpg");
}

// Every pixel of every block has its colour, given in levels.
void expect_blocks(const Image& image, const std::vector<Colour>& colours, float tolerance) {
  ASSERT_EQ((image.width + 7) / 8, static_cast<int>(colours.size()));
  ASSERT_EQ(image.pixels.size(), 3 * image.pixel_count());
  for (std::size_t i = 0; i < image.pixel_count(); ++i) {
    const Colour& colour = colours[i % static_cast<std::size_t>(image.width) / 8];
    for (std::size_t c = 0; c < 3; ++c) {
      ASSERT_NEAR(image.pixels[3 * i + c], static_cast<float>(colour[c]) / 255.0F, tolerance)
          << "pixel " << i << " channel " << c;
    }
  }
}

TEST(Jpeg, GreyIsSpreadOverTheChannels) {
  JpegSpec spec = blocks({{0}, {100}, {255}}, 3);
  spec.given = spec.stored = JCS_GRAYSCALE;
  expect_blocks(load(spec).image, {{0, 0, 0}, {100, 100, 100}, {255, 255, 255}}, block_exact);
}

class JpegProgression : public testing::TestWithParam<bool> {};

TEST_P(JpegProgression, RgbAndYccAreRead) {
  const std::vector<Colour> colours = {{255, 0, 0}, {10, 200, 30}, {0, 0, 255}, {90, 80, 70}};
  JpegSpec spec = blocks(colours, 5);
  spec.progressive = GetParam();
  expect_blocks(load(spec).image, colours, ycc_tolerance);
  spec.stored = JCS_RGB;
  spec.adobe_marker = true;  // how a reader knows that this is not YCbCr
  const LoadedImage loaded = load(spec);
  EXPECT_THAT(loaded.warnings, IsEmpty());
  expect_blocks(loaded.image, colours, block_exact);
}

INSTANTIATE_TEST_SUITE_P(Both, JpegProgression, testing::Bool());

// Without a profile: (1 - ink)(1 - black). Adobe stores 255 - ink.
TEST(JpegCmyk, IsConvertedPlainAndInverted) {
  const std::vector<Colour> inks = {
      {0, 0, 0, 0}, {255, 0, 0, 0}, {0, 102, 255, 51}, {9, 9, 9, 255}};
  const std::vector<Colour> expected = {{255, 255, 255}, {0, 255, 255}, {204, 122, 0}, {0, 0, 0}};
  for (const bool adobe : {false, true}) {
    JpegSpec spec = blocks(inks);
    for (char& value : spec.samples) {
      value = adobe ? static_cast<char>(255 - static_cast<unsigned char>(value)) : value;
    }
    spec.given = spec.stored = JCS_CMYK;
    spec.adobe_marker = adobe;
    const LoadedImage loaded = load(spec);
    // 153 / 255 * 204 / 255 = 122.4 / 255
    expect_blocks(loaded.image, expected, 0.5F / 255.0F);
    EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("no usable colour profile")));
  }
}

TEST(JpegCmyk, YcckIsAlwaysAdobes) {
  const std::vector<Colour> paper = {{255, 255, 255, 255}, {0, 255, 255, 255}, {40, 90, 200, 128}};
  JpegSpec spec = blocks(paper);
  spec.given = JCS_CMYK;
  spec.stored = JCS_YCCK;
  spec.adobe_marker = true;
  // Paper left free by ink times paper left free by black; the rounding of YCC as above.
  expect_blocks(load(spec).image, {{255, 255, 255}, {0, 255, 255}, {20, 45, 100}},
                ycc_tolerance + 0.5F / 255.0F);
}

// Stored blocks A B C over D E F; how each orientation (EXIF 2.32, tag 0x0112) must show them.
struct Shown {
  int orientation;
  std::vector<std::string> rows;
};

class JpegOrientation : public testing::TestWithParam<std::tuple<Shown, bool>> {};

TEST_P(JpegOrientation, TurnsThePictureUpright) {
  const auto& [shown, little_endian] = GetParam();
  JpegSpec spec;
  spec.width = 24;
  spec.height = 16;
  spec.given = spec.stored = JCS_GRAYSCALE;
  for (int i = 0; i < spec.width * spec.height; ++i) {
    const int block = 3 * (i / spec.width / 8) + i % spec.width / 8;
    spec.samples += static_cast<char>(40 * block);
  }
  spec.exif = exif_block(shown.orientation, little_endian);
  const Image image = load(spec).image;
  ASSERT_EQ(image.width, 8 * static_cast<int>(shown.rows[0].size()));
  ASSERT_EQ(image.height, 8 * static_cast<int>(shown.rows.size()));
  for (std::size_t i = 0; i < image.pixel_count(); ++i) {
    const std::size_t x = i % static_cast<std::size_t>(image.width);
    const std::size_t y = i / static_cast<std::size_t>(image.width);
    const int block = shown.rows[y / 8][x / 8] - 'A';
    ASSERT_NEAR(image.pixels[3 * i], static_cast<float>(40 * block) / 255.0F, block_exact)
        << "at " << x << ", " << y;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, JpegOrientation,
    testing::Combine(testing::Values(Shown{1, {"ABC", "DEF"}}, Shown{2, {"CBA", "FED"}},
                                     Shown{3, {"FED", "CBA"}}, Shown{4, {"DEF", "ABC"}},
                                     Shown{5, {"AD", "BE", "CF"}}, Shown{6, {"DA", "EB", "FC"}},
                                     Shown{7, {"FC", "EB", "DA"}}, Shown{8, {"CF", "BE", "AD"}},
                                     Shown{0, {"ABC", "DEF"}}, Shown{9, {"ABC", "DEF"}}),
                     testing::Bool()),
    [](const auto& test) {
      return "Orientation" + std::to_string(std::get<0>(test.param).orientation) +
             (std::get<1>(test.param) ? "Intel" : "Motorola");
    });

TEST(JpegOrientation, OfDamagedExifIsUpright) {
  JpegSpec spec = blocks({{10}, {20}});
  spec.given = spec.stored = JCS_GRAYSCALE;
  const std::string whole = exif_block(6, true);
  for (std::size_t length = 6; length + 8 < whole.size(); ++length) {
    spec.exif = whole.substr(0, length);
    EXPECT_EQ(load(spec).image.width, 16) << length << " bytes of EXIF";
  }
}

}  // namespace
}  // namespace gramgrad::apps
