// Rounding error of Winograd's convolution against the bound that theory gives.
#include <gtest/gtest.h>

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

constexpr std::int64_t f32_tile_width = cpu::winograd::tile_width_for(DType::f32);
constexpr std::size_t tile_columns = f32_tile_width + 2;
using Tile = Matrix<6, tile_columns>;

// Output pixel (y, x) of |A|^T m |A|.
double absolute_output(const Tile& m, std::size_t y, std::size_t x) {
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < tile_columns; ++j) {
      sum += std::abs(output_matrix<4>[y][i] * m[i][j] * output_matrix<f32_tile_width>[x][j]);
    }
  }
  return sum;
}

class WinogradErrorTest : public testing::TestWithParam<int> {};

TEST_P(WinogradErrorTest, StaysBelowTheTransformsBound) {
  const int channels = GetParam();
  constexpr int outputs = 16;
  const Shape x_shape{1, 6, tile_columns, channels};
  const Shape w_shape{outputs, 3, 3, channels};
  const Shape y_shape{1, 4, f32_tile_width, outputs};  // without padding: exactly one tile
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
  std::array<Tile, outputs> products{};
  for (std::size_t c = 0; c < inputs; ++c) {
    Tile d{};
    for (std::size_t i = 0; i < 6 * tile_columns; ++i) {
      d[i / tile_columns][i % tile_columns] = x[i * inputs + c];
    }
    const Tile v = transformed_input(d, [](double term) { return std::abs(term); });
    for (std::size_t o = 0; o < outputs; ++o) {
      const auto tap = [&](std::size_t r, std::size_t s) {
        return w[(o * 9 + r * 3 + s) * inputs + c];
      };
      for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t j = 0; j < tile_columns; ++j) {
          products[o][i][j] += std::abs(transformed_filter<f32_tile_width>(tap, i, j)) * v[i][j];
        }
      }
    }
  }
  const auto exact = convolve(Device::reference(), DType::f64);
  for_each_instruction_set([&] {
    const auto actual = convolve(Device::cpu(1), DType::f32);
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const std::size_t pixel = i / outputs;
      const double magnitude =
          absolute_output(products[i % outputs], pixel / f32_tile_width, pixel % f32_tile_width);
      EXPECT_LE(std::abs(actual[i] - exact[i]), 0x1p-24 * allowed_roundings(channels) * magnitude)
          << "pixel " << pixel << ", output " << i % outputs;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Channels, WinogradErrorTest, testing::Values(16, 37, 128, 512));

}  // namespace
}  // namespace gramgrad::tests
