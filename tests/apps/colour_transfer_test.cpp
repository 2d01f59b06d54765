// Colour preservation.
#include "apps/support/colour_transfer.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

namespace gramgrad::apps {
namespace {

constexpr std::array<float, 3> luma_weights{0.299F, 0.587F, 0.114F};

Image random_picture(int width, int height, unsigned seed, float low, float high) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> value(low, high);
  Image image;
  image.width = width;
  image.height = height;
  for (int i = 0; i < width * height; ++i) {
    const float red = value(generator);
    const float green = 0.5F * red + 0.5F * value(generator);
    for (const float sample : {red, green, value(generator)}) {
      image.pixels.push_back(sample);
    }
  }
  return image;
}

double mean(const Image& image, std::size_t c) {
  double sum = 0;
  for (std::size_t i = c; i < image.pixels.size(); i += 3) {
    sum += static_cast<double>(image.pixels[i]);
  }
  return sum / static_cast<double>(image.pixel_count());
}

double covariance(const Image& image, std::size_t a, std::size_t b) {
  const double mean_a = mean(image, a);
  const double mean_b = mean(image, b);
  double sum = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    sum += (static_cast<double>(image.pixels[i + a]) - mean_a) *
           (static_cast<double>(image.pixels[i + b]) - mean_b);
  }
  return sum / static_cast<double>(image.pixel_count());
}

TEST(ColourTransfer, MatchesMeanAndCovariance) {
  // Narrow ranges, so that nothing is cut.
  const Image content = random_picture(31, 17, 1, 0.45F, 0.6F);
  const Image style = random_picture(23, 29, 2, 0.2F, 0.8F);
  const Image matched = with_colours_of(content, style);
  for (std::size_t a = 0; a < 3; ++a) {
    EXPECT_NEAR(mean(matched, a), mean(content, a), 1e-6);
    for (std::size_t b = 0; b < 3; ++b) {
      // Both covariances are regularised by 1e-5.
      EXPECT_NEAR(covariance(matched, a, b), covariance(content, a, b), 2e-5) << a << b;
    }
  }
}

TEST(ColourTransfer, LeavesItsOwnColoursAlone) {
  const Image picture = random_picture(19, 21, 3, 0, 1);
  const Image same = with_colours_of(picture, picture);
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    EXPECT_NEAR(same.pixels[i], picture.pixels[i], 1e-6F);
  }
}

TEST(ColourTransfer, SurvivesFlatPictures) {
  const Image content = random_picture(13, 11, 4, 0, 1);
  Image grey = content;
  for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
    grey.pixels[i] = content.pixels[i - i % 3];
  }
  Image constant = content;
  constant.pixels.assign(constant.pixels.size(), 0.25F);
  for (const Image& first : {content, grey, constant}) {
    for (const Image& second : {content, grey, constant}) {
      for (const float value : with_colours_of(first, second).pixels) {
        ASSERT_TRUE(value >= 0 && value <= 1) << value;
      }
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(mean(with_colours_of(content, constant), c), mean(content, c), 1e-6);
  }
}

TEST(ColourTransfer, LumaIsTheResultsChromaTheContents) {
  const Image content = random_picture(9, 7, 5, 0.4F, 0.6F);
  const Image result = random_picture(9, 7, 6, 0.4F, 0.6F);
  const Image mixed = with_luma_of(result, content);
  for (std::size_t i = 0; i < mixed.pixels.size(); i += 3) {
    float wanted = 0;
    float there = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      wanted += luma_weights[c] * result.pixels[i + c];
      there += luma_weights[c] * mixed.pixels[i + c];
    }
    EXPECT_NEAR(there, wanted, 1e-6F);
    // Cb and Cr are multiples of B - Y and R - Y.
    const float source = luma_weights[0] * content.pixels[i] +
                         luma_weights[1] * content.pixels[i + 1] +
                         luma_weights[2] * content.pixels[i + 2];
    EXPECT_NEAR(mixed.pixels[i] - there, content.pixels[i] - source, 1e-6F);
    EXPECT_NEAR(mixed.pixels[i + 2] - there, content.pixels[i + 2] - source, 1e-6F);
  }
}

}  // namespace
}  // namespace gramgrad::apps
