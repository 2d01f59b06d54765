// Rounding error of Winograd's convolution against the bound that theory gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cpu/winograd/points.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/winograd_matrices.h"

namespace gramgrad::tests {
namespace {

// Winograd's convolution is A^T [sum over channels of U * V] A. Every rounding is relative to a
// partial sum of it, so the error of an element is at most a multiple of eps times the same formula
// in absolute values: |A|^T [sum of |U| * (|B|^T |d| |B|)] |A|. The longest chain has one rounding
// of U, four for each of four one-dimensional transforms (their coefficients are rounded too), and
// the sum over channels, whose roundings are as good as random (as in cases.h).
double allowed_roundings(int channels) {
  return 1 + 4 * 4 + std::sqrt(channels);
}

using cpu::winograd::TileShape;

template <TileShape tile>
using TileInputs = Matrix<std::size_t{tile.input_height()}, std::size_t{tile.input_width()}>;

// Output pixel (y, x) of |A|^T m |A|.
template <TileShape tile>
double absolute_output(const TileInputs<tile>& m, std::size_t y, std::size_t x) {
  double sum = 0;
  for (std::size_t i = 0; i < m.size(); ++i) {
    for (std::size_t j = 0; j < m[i].size(); ++j) {
      sum += std::abs(output_matrix<tile.height>[y][i] * m[i][j] * output_matrix<tile.width>[x][j]);
    }
  }
  return sum;
}

// Of the last tile of a map that is so many tiles high and wide, and has no padding.
template <TileShape tile, std::int64_t tiles>
void expect_errors_below_bound(int channels) {
  constexpr int outputs = 16;
  constexpr std::size_t columns = tile.input_width();
  constexpr std::int64_t top = (tiles - 1) * tile.height;
  constexpr std::int64_t left = (tiles - 1) * tile.width;
  constexpr std::int64_t width = tiles * tile.width;  // of the output
  const Shape x_shape{1, top + tile.input_height(), left + tile.input_width(), channels};
  const Shape w_shape{outputs, 3, 3, channels};
  const Shape y_shape{1, tiles * tile.height, width, outputs};
  ASSERT_EQ(cpu::winograd::tile_for({DType::f32, channels, std::min(y_shape[1], width), 0}), tile);
  const auto convolve = [&](const Device& device, DType dtype) {
    const Inputs inputs(device, {.dtype = dtype, .seed = test_seed()});
    Tensor y = inputs.assigned(y_shape);
    inputs.ops().conv2d({}, inputs.values("x", x_shape), inputs.values("w", w_shape), {},
                        {.y = &y});
    return y.to_host<double>();
  };
  const Inputs random = random_f64(Device::reference());
  const auto x = random.values("x", x_shape).to_host<double>();
  const auto w = random.values("w", w_shape).to_host<double>();
  const auto inputs = static_cast<std::size_t>(channels);
  std::array<TileInputs<tile>, outputs> products{};
  for (std::size_t c = 0; c < inputs; ++c) {
    TileInputs<tile> d{};
    for (std::size_t i = 0; i < tile.products(); ++i) {
      const std::size_t pixel = (top + i / columns) * (width + 2) + left + i % columns;
      d[i / columns][i % columns] = x[pixel * inputs + c];
    }
    const TileInputs<tile> v = transformed_input(d, [](double term) { return std::abs(term); });
    for (std::size_t o = 0; o < outputs; ++o) {
      const auto tap = [&](std::size_t r, std::size_t s) {
        return w[(o * 9 + r * 3 + s) * inputs + c];
      };
      for (std::size_t i = 0; i < v.size(); ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          products[o][i][j] += std::abs(transformed_filter<tile>(tap, i, j)) * v[i][j];
        }
      }
    }
  }
  const auto exact = convolve(Device::reference(), DType::f64);
  for_each_instruction_set([&] {
    const auto actual = convolve(Device::cpu(1), DType::f32);
    for (std::size_t i = 0; i < std::size_t{tile.height * tile.width * outputs}; ++i) {
      const std::size_t row = i / outputs / tile.width;
      const std::size_t column = i / outputs % tile.width;
      const std::size_t o = i % outputs;
      const std::size_t element = ((top + row) * width + left + column) * outputs + o;
      EXPECT_LE(
          std::abs(actual[element] - exact[element]),
          0x1p-24 * allowed_roundings(channels) * absolute_output<tile>(products[o], row, column))
          << "pixel " << row << ", " << column << ", output " << o;
    }
  });
}

TEST(WinogradError, OfLargeTilesStaysBelowTheTransformsBound) {
  for (const int channels : {16, 77, 256}) {
    expect_errors_below_bound<cpu::winograd::large_tile, 2>(channels);
  }
}

TEST(WinogradError, OfWideTilesStaysBelowTheTransformsBound) {
  for (const int channels : {16, 37, 260, 512}) {
    expect_errors_below_bound<cpu::winograd::wide_tile, 1>(channels);
  }
}

}  // namespace
}  // namespace gramgrad::tests
