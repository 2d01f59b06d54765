// The sample pictures: the same every time, whole at every size, and something to look at.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>

#include "apps/support/sample_pictures.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

struct Sample {
  std::string name;
  std::function<Image(int width, int height)> draw;
};

class Samples : public testing::TestWithParam<Sample> {};

// Mean square of the differences between horizontal neighbours, all channels.
double gradient_energy(const Image& image) {
  double sum = 0;
  std::size_t count = 0;
  const auto row = static_cast<std::size_t>(image.width) * 3;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    if (i % row >= 3) {
      const double difference = image.pixels[i] - image.pixels[i - 3];
      sum += difference * difference;
      ++count;
    }
  }
  return sum / static_cast<double>(count);
}

double variance(const Image& image) {
  double sum = 0;
  double squares = 0;
  for (const float value : image.pixels) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto n = static_cast<double>(image.pixels.size());
  return squares / n - sum / n * (sum / n);
}

TEST_P(Samples, IsTheSameEveryTime) {
  EXPECT_EQ(GetParam().draw(97, 61).pixels, GetParam().draw(97, 61).pixels);
}

TEST_P(Samples, FillsEverySizeWithValidValues) {
  constexpr int sizes[][2] = {{1, 1}, {1, 7}, {7, 1}, {2, 3}, {97, 61}, {40, 150}, {203, 20}};
  for (const auto& [width, height] : sizes) {
    SCOPED_TRACE(testing::Message() << width << "x" << height);
    const Image image = GetParam().draw(width, height);
    EXPECT_EQ(image.width, width);
    EXPECT_EQ(image.height, height);
    EXPECT_EQ(image.channels, 3);
    EXPECT_TRUE(image.alpha.empty());
    ASSERT_EQ(image.pixels.size(), image.pixel_count() * 3);
    // Written so that a NaN fails.
    EXPECT_TRUE(std::all_of(image.pixels.begin(), image.pixels.end(),
                            [](float value) { return value >= 0 && value <= 1; }));
  }
}

// A picture of even luminance, or of smooth ones without structure, would be no test for anything.
// A uniform distribution has variance 1/12 = 0.083; both pictures lie around half of that.
TEST_P(Samples, HasContrastAndDetail) {
  const Image image = GetParam().draw(192, 128);
  EXPECT_GT(variance(image), 0.02);
  EXPECT_GT(gradient_energy(image), 0.002);
}

// A larger drawing is the same picture in more detail, not another one.
TEST_P(Samples, ShowsTheSameAtEverySize) {
  const Image small = GetParam().draw(96, 64);
  const Image large = GetParam().draw(192, 128);
  double error = 0;
  for (std::size_t i = 0; i < small.pixels.size(); ++i) {
    const std::size_t x = i / 3 % 96;
    const std::size_t y = i / (3 * 96);
    double mean = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      mean += 0.25 * large.pixels[((2 * y + k / 2) * 192 + 2 * x + k % 2) * 3 + i % 3];
    }
    error += (mean - small.pixels[i]) * (mean - small.pixels[i]);
  }
  // Unrelated pictures of these variances would differ by twice the variance.
  EXPECT_LT(error / static_cast<double>(small.pixels.size()), 0.3 * variance(small));
}

TEST_P(Samples, RejectsEmptySizes) {
  EXPECT_THROW(GetParam().draw(0, 5), Error);
  EXPECT_THROW(GetParam().draw(5, -1), Error);
}

INSTANTIATE_TEST_SUITE_P(Pictures, Samples,
                         testing::Values(Sample{"Landscape", sample_landscape},
                                         Sample{"Painting",
                                                [](int width, int height) {
                                                  return sample_painting(width, height, 1);
                                                }}),
                         [](const auto& tested) { return tested.param.name; });

// A photograph brightens upwards: the sky is lighter than the lake, the lake bluer than the bank.
TEST(SampleLandscape, HasItsSkyAbove) {
  const Image image = sample_landscape(96, 64);
  const auto mean_of_rows = [&](int first, int last, std::size_t channel) {
    double sum = 0;
    for (int y = first; y < last; ++y) {
      for (int x = 0; x < image.width; ++x) {
        sum += image.pixels[static_cast<std::size_t>(y * image.width + x) * 3 + channel];
      }
    }
    return sum / ((last - first) * image.width);
  };
  EXPECT_GT(mean_of_rows(0, 6, 2), mean_of_rows(42, 52, 2));
  EXPECT_GT(mean_of_rows(42, 52, 2), mean_of_rows(61, 64, 2));
}

TEST(SamplePainting, SeedsGiveDifferentPaintings) {
  const Image a = sample_painting(96, 64, 1);
  const Image b = sample_painting(96, 64, 2);
  const Image c = sample_painting(96, 64, std::uint64_t{1} << 40);
  double ab = 0;
  double bc = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    ab += std::abs(a.pixels[i] - b.pixels[i]);
    bc += std::abs(b.pixels[i] - c.pixels[i]);
  }
  EXPECT_GT(ab / static_cast<double>(a.pixels.size()), 0.1);
  EXPECT_GT(bc / static_cast<double>(a.pixels.size()), 0.1);
}

}  // namespace
}  // namespace gramgrad::apps
