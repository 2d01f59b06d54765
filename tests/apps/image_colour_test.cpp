// Colour profiles: pictures in a known space arrive as the sRGB values that follow from its
// definition.
#include <gmock/gmock.h>

#include <cmath>

#include "apps/support/image_file.h"
#include "picture_files.h"
#include "test_profiles.h"

namespace gramgrad::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ICC files store matrices and curve parameters in steps of 2^-16. Nine rounded products feed a
// value in linear light, each off by at most half a step: 9 * 2^-17 = 7e-5, and sRGB's encoding
// steepens that by at most 12.92 (its slope at black): 9e-4. One level of 8 bits is 39e-4.
constexpr float profile_tolerance = 9e-4F;
constexpr float exact = 1e-6F;

// IEC 61966-2-1.
float srgb_encoded(double light) {
  return static_cast<float>(light <= 0.0031308 ? 12.92 * light
                                               : 1.055 * std::pow(light, 1 / 2.4) - 0.055);
}

PngChunk profile_chunk(const std::string& profile) {
  return {"iCCP", std::string("test\0\0", 6) + deflate(profile)};
}

// Every 16-bit level in steps of 257, in a different order per channel.
PngSpec ramp(int colour_type) {
  PngSpec spec{256, 1, 16, colour_type, false, {}, {}};
  for (unsigned i = 0; i < 256; ++i) {
    spec.samples.push_back(257 * i);
    if (colour_type == 2) {
      spec.samples.push_back(257 * (255 - i));
      spec.samples.push_back(257 * (i * 37 % 256));
    }
  }
  return spec;
}

LoadedImage load(const std::string& bytes) {
  const TemporaryDirectory directory;
  write_bytes(directory / "picture", bytes);
  return read_image(directory / "picture");
}

// Checks each pixel of a ramp against `expected`, a function of one pixel's three values in [0, 1].
template <typename Expected>
void expect_ramp(const PngSpec& spec, const LoadedImage& loaded, float tolerance,
                 Expected expected) {
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const std::size_t channels = spec.colour_type == 2 ? 3 : 1;
  for (std::size_t i = 0; i < 256; ++i) {
    double given[3];
    for (std::size_t c = 0; c < 3; ++c) {
      given[c] = spec.samples[channels * i + c % channels] / 65535.0;
    }
    const std::array<float, 3> wanted = expected(given);
    for (std::size_t c = 0; c < 3; ++c) {
      ASSERT_NEAR(loaded.image.pixels[3 * i + c], wanted[c], tolerance)
          << "pixel " << i << " channel " << c;
    }
  }
}

std::array<float, 3> from_linear(const double value[3]) {
  return {srgb_encoded(value[0]), srgb_encoded(value[1]), srgb_encoded(value[2])};
}

std::array<float, 3> unchanged(const double value[3]) {
  return {static_cast<float>(value[0]), static_cast<float>(value[1]), static_cast<float>(value[2])};
}

TEST(Profile, LinearLightIsEncoded) {
  PngSpec spec = ramp(2);
  spec.before_pixels = {profile_chunk(rgb_profile({red, green, blue}, 1.0))};
  expect_ramp(spec, load(png_file(spec)), profile_tolerance, from_linear);
}

TEST(Profile, SwappedPrimariesSwapTheChannels) {
  PngSpec spec = ramp(2);
  spec.before_pixels = {profile_chunk(rgb_profile({green, blue, red}, 1.0))};
  expect_ramp(spec, load(png_file(spec)), profile_tolerance, [](const double value[3]) {
    return std::array<float, 3>{srgb_encoded(value[2]), srgb_encoded(value[0]),
                                srgb_encoded(value[1])};
  });
}

TEST(Profile, OfSrgbChangesNothing) {
  PngSpec spec = ramp(2);
  spec.before_pixels = {profile_chunk(srgb_profile_of_lcms())};
  expect_ramp(spec, load(png_file(spec)), exact, unchanged);
}

// Large enough to be shared among threads: every part must arrive in its place.
TEST(Profile, IsAppliedToEveryPixelOfALargePicture) {
  PngSpec spec{1021, 509, 8, 2, false, {}, {}};
  for (unsigned i = 0; i < 1021 * 509 * 3; ++i) {
    spec.samples.push_back(i * 2654435761U >> 24);
  }
  spec.before_pixels = {profile_chunk(rgb_profile({red, green, blue}, 1.0))};
  const LoadedImage loaded = load(png_file(spec));
  ASSERT_EQ(loaded.image.pixels.size(), spec.samples.size());
  for (std::size_t i = 0; i < spec.samples.size(); ++i) {
    ASSERT_NEAR(loaded.image.pixels[i], srgb_encoded(spec.samples[i] / 255.0), profile_tolerance)
        << "value " << i;
  }
}

TEST(Profile, OfGreyIsApplied) {
  PngSpec spec = ramp(0);
  spec.before_pixels = {profile_chunk(grey_profile(1.0))};
  expect_ramp(spec, load(png_file(spec)), profile_tolerance, from_linear);
}

TEST(Profile, OfRgbOnGreyIsAppliedToEqualChannels) {
  JpegSpec spec;
  spec.width = spec.height = 8;
  spec.given = spec.stored = JCS_GRAYSCALE;
  spec.samples = std::string(64, static_cast<char>(55));
  spec.profile = rgb_profile({red, green, blue}, 1.0);
  const LoadedImage loaded = load(jpeg_file(spec));
  EXPECT_THAT(loaded.warnings, IsEmpty());
  for (const float value : loaded.image.pixels) {
    ASSERT_NEAR(value, srgb_encoded(55 / 255.0), profile_tolerance);
  }
}

TEST(Profile, InSeveralJpegMarkersIsPutTogether) {
  const std::string filler(100000, 'x');  // 200 kB in UTF-16: four markers
  const std::string profile = rgb_profile({red, green, blue}, 1.0, filler);
  ASSERT_GT(profile.size(), 3U * 65533);

  JpegSpec spec;
  spec.width = spec.height = 8;
  spec.stored = JCS_RGB;
  spec.adobe_marker = true;
  spec.samples = std::string(192, static_cast<char>(55));
  spec.profile = profile;
  const LoadedImage loaded = load(jpeg_file(spec));
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_NEAR(loaded.image.pixels[100], srgb_encoded(55 / 255.0), profile_tolerance);
}

// Light of the lightness that the profile names: CIE 15, L* = 116 Y^(1/3) - 16 above 8.
TEST(Profile, OfCmykIsApplied) {
  JpegSpec spec;
  spec.width = 32;
  spec.height = 8;
  spec.given = spec.stored = JCS_CMYK;
  const std::array<std::string, 4> inks = {std::string("\0\0\0\0", 4), std::string("\xFF\0\0\0", 4),
                                           std::string("\0\0\0\x80", 4), "\x01\x02\x03\xFF"};
  for (int i = 0; i < spec.width * spec.height; ++i) {
    spec.samples += inks[static_cast<std::size_t>(i % spec.width / 8)];
  }
  spec.profile = cmyk_profile();
  const LoadedImage loaded = load(jpeg_file(spec));
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const double lightness[4] = {100, 100 * 2 / 3.0, 100 * (1 - 128 / 255.0), 0};
  for (std::size_t block = 0; block < 4; ++block) {
    const double root = (lightness[block] + 16) / 116;
    const double light = lightness[block] > 8 ? root * root * root : lightness[block] / 903.3;
    for (std::size_t c = 0; c < 3; ++c) {
      // The profile's 16-bit L* and a* b* add to the matrices' rounding: a step of 2^-16 in a* b*
      // of +-128 moves X or Z by 3 * 256 / 65535 / 200 = 6e-5; sRGB's matrix (sum of absolute
      // entries 5) and encoding (slope below 2 at these greys) make 6e-4 of it.
      EXPECT_NEAR(loaded.image.pixels[24 * block + c], srgb_encoded(light),
                  profile_tolerance + 6e-4F)
          << "block " << block;
    }
  }
}

// Black point compensation: the darkest that the paper can be becomes the screen's black.
TEST(Profile, BlackOfPaperBecomesBlack) {
  JpegSpec spec;
  spec.width = spec.height = 8;
  spec.given = spec.stored = JCS_CMYK;
  spec.samples = std::string(256, '\xFF');
  spec.profile = cmyk_profile(/*black=*/20);
  // Without compensation this would be the encoded light of L* = 20: 0.19.
  for (const float value : load(jpeg_file(spec)).image.pixels) {
    ASSERT_NEAR(value, 0.0F, profile_tolerance);
  }
}

TEST(Profile, OfAnotherModelIsIgnoredWithAWarning) {
  JpegSpec spec;
  spec.width = spec.height = 8;
  spec.stored = JCS_RGB;
  spec.adobe_marker = true;
  spec.samples = std::string(192, static_cast<char>(55));
  for (const std::string& profile : {cmyk_profile(), grey_profile(1.0)}) {
    spec.profile = profile;
    const LoadedImage loaded = load(jpeg_file(spec));
    EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("another kind of picture")));
    EXPECT_NEAR(loaded.image.pixels[0], 55 / 255.0F, exact);
  }
}

// Cut off, a profile is unusable, unless only tags without influence on colours are lost.
TEST(Profile, ThatIsCutOffIsIgnoredWithAWarning) {
  JpegSpec spec;
  spec.width = spec.height = 8;
  spec.stored = JCS_RGB;
  spec.adobe_marker = true;
  spec.samples = std::string(192, static_cast<char>(55));
  const std::string whole = rgb_profile({red, green, blue}, 1.0);
  int ignored = 0;
  for (std::size_t length = 1; length < whole.size(); length += 7) {
    spec.profile = whole.substr(0, length);
    const LoadedImage loaded = load(jpeg_file(spec));
    if (loaded.warnings.empty()) {
      EXPECT_NEAR(loaded.image.pixels[0], srgb_encoded(55 / 255.0), profile_tolerance)
          << length << " bytes";
    } else {
      ++ignored;
      EXPECT_NEAR(loaded.image.pixels[0], 55 / 255.0F, exact) << length << " bytes";
    }
  }
  EXPECT_GT(ignored, static_cast<int>(whole.size() / 7 / 2));
}

TEST(Profile, ThatIsDamagedInPngIsIgnoredWithAWarning) {
  PngSpec spec = ramp(2);
  spec.before_pixels = {profile_chunk("no profile")};
  LoadedImage loaded = load(png_file(spec));
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("iCCP")));
  loaded.warnings.clear();
  expect_ramp(spec, loaded, exact, unchanged);
}

TEST(PngGamma, OfOneIsLinearLight) {
  for (const int colour_type : {0, 2}) {
    PngSpec spec = ramp(colour_type);
    spec.before_pixels = {{"gAMA", big_endian(100000, 4)}};
    expect_ramp(spec, load(png_file(spec)), profile_tolerance, from_linear);
  }
}

TEST(PngGamma, OfTheUsualValueMeansSrgb) {
  PngSpec spec = ramp(2);
  spec.before_pixels = {{"gAMA", big_endian(45455, 4)}};
  expect_ramp(spec, load(png_file(spec)), exact, unchanged);
}

TEST(PngGamma, IsOverruledByTheSrgbChunk) {
  PngSpec spec = ramp(2);
  spec.before_pixels = {{"sRGB", std::string(1, '\0')}, {"gAMA", big_endian(45455, 4)}};
  expect_ramp(spec, load(png_file(spec)), exact, unchanged);
}

TEST(PngChromaticities, SwappedSwapTheChannels) {
  PngSpec spec = ramp(2);
  std::string swapped;
  for (const unsigned value : {31270U, 32900U, 30000U, 60000U, 15000U, 6000U, 64000U, 33000U}) {
    swapped += big_endian(value, 4);  // white, then green, blue, red in the places of R, G, B
  }
  spec.before_pixels = {{"gAMA", big_endian(100000, 4)}, {"cHRM", swapped}};
  expect_ramp(spec, load(png_file(spec)), profile_tolerance, [](const double value[3]) {
    return std::array<float, 3>{srgb_encoded(value[2]), srgb_encoded(value[0]),
                                srgb_encoded(value[1])};
  });
}

}  // namespace
}  // namespace gramgrad::apps
