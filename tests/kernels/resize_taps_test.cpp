// Resize weights: every row is a weighted mean of pixels that exist, and the transpose is one.
#include "kernels/resize_taps.h"

#include <gtest/gtest.h>

#include <map>

namespace gramgrad {
namespace {

using Matrix = std::map<std::pair<std::int64_t, std::int64_t>, double>;

// Taps on the same source add up.
Matrix dense(const ResizeTaps& taps) {
  Matrix matrix;
  for (std::int64_t row = 0; row < taps.rows(); ++row) {
    for (const ResizeTap& tap : taps.row(row)) {
      matrix[{row, tap.source}] += tap.weight;
    }
  }
  return matrix;
}

class ResizeTapsTest : public testing::TestWithParam<ResizeFilter> {
 protected:
  template <typename Check>
  void for_sizes(Check check_size) const {
    for (const std::int64_t in : {1, 2, 5, 17, 64}) {
      for (const std::int64_t out : {1, 3, 5, 16, 71}) {
        SCOPED_TRACE(std::to_string(in) + " pixels to " + std::to_string(out));
        check_size(in, out, resize_taps(GetParam(), in, out));
      }
    }
  }
};

TEST_P(ResizeTapsTest, RowsAreMeansOfExistingPixels) {
  for_sizes([](std::int64_t in, std::int64_t out, const ResizeTaps& taps) {
    ASSERT_EQ(taps.rows(), out);
    for (std::int64_t row = 0; row < out; ++row) {
      double total = 0;
      for (const ResizeTap& tap : taps.row(row)) {
        EXPECT_GE(tap.source, 0);
        EXPECT_LT(tap.source, in);
        total += tap.weight;
      }
      EXPECT_NEAR(total, 1, 1e-14);
    }
  });
}

TEST_P(ResizeTapsTest, SameSizeIsTheIdentity) {
  for (const auto& [position, weight] : dense(resize_taps(GetParam(), 9, 9))) {
    EXPECT_EQ(weight, position.first == position.second ? 1 : 0);
  }
}

TEST_P(ResizeTapsTest, TransposeSwapsRowsAndColumns) {
  for_sizes([](std::int64_t in, std::int64_t, const ResizeTaps& taps) {
    const ResizeTaps turned = transposed(taps, in);
    EXPECT_EQ(turned.rows(), in);
    Matrix back;
    for (const auto& [position, weight] : dense(turned)) {
      back[{position.second, position.first}] = weight;
    }
    EXPECT_EQ(back, dense(taps));
  });
}

TEST(ResizeTapsErrors, RefuseEmptyAxes) {
  EXPECT_THROW(resize_taps(ResizeFilter::area, 0, 3), Error);
  EXPECT_THROW(resize_taps(ResizeFilter::bicubic, 3, 0), Error);
}

INSTANTIATE_TEST_SUITE_P(Filters, ResizeTapsTest,
                         testing::Values(ResizeFilter::area, ResizeFilter::bilinear,
                                         ResizeFilter::bicubic));

}  // namespace
}  // namespace gramgrad
