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

using Matrix6 = std::array<std::array<double, 6>, 6>;

// |B|^T |d| |B| of one channel.
Matrix6 absolute_input(const Matrix6& d) {
  Matrix6 v{};
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      for (std::size_t r = 0; r < 6; ++r) {
        for (std::size_t s = 0; s < 6; ++s) {
          v[i][j] += std::abs(input_matrix[i][r] * d[r][s] * input_matrix[j][s]);
        }
      }
    }
  }
  return v;
}

// |G g G^T| of a filter that is given by its taps.
template <typename Tap>
Matrix6 absolute_filter(const Tap& tap) {
  const auto& g = cpu::winograd::filter_matrix;
  Matrix6 u{};
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      double value = 0;
      for (std::size_t r = 0; r < 3; ++r) {
        for (std::size_t s = 0; s < 3; ++s) {
          value += g[i][r] * tap(r, s) * g[j][s];
        }
      }
      u[i][j] = std::abs(value);
    }
  }
  return u;
}

// Output pixel (y, x) of |A|^T m |A|.
double absolute_output(const Matrix6& m, std::size_t y, std::size_t x) {
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      sum += std::abs(output_matrix[y][i] * m[i][j] * output_matrix[x][j]);
    }
  }
  return sum;
}

class WinogradErrorTest : public testing::TestWithParam<int> {};

TEST_P(WinogradErrorTest, StaysBelowTheTransformsBound) {
  const int channels = GetParam();
  constexpr int outputs = 16;
  const Shape x_shape{1, 6, 6, channels};
  const Shape w_shape{outputs, 3, 3, channels};
  const Shape y_shape{1, 4, 4, outputs};  // without padding: exactly one tile
  const auto convolve = [&](const Device& device, DType dtype) {
    const Inputs inputs(device, {.dtype = dtype, .seed = test_seed()});
    Tensor y = inputs.assigned(y_shape);
    inputs.ops().conv2d({}, inputs.values("x", x_shape), inputs.values("w", w_shape), {},
                        {.y = &y});
    return y.to_host<double>();
  };
  const Inputs inputs = random_f64(Device::reference());
  const auto x = inputs.values("x", x_shape).to_host<double>();
  const auto w = inputs.values("w", w_shape).to_host<double>();
  std::array<Matrix6, outputs> products{};
  for (int c = 0; c < channels; ++c) {
    Matrix6 d{};
    for (int i = 0; i < 36; ++i) {
      d[static_cast<std::size_t>(i / 6)][static_cast<std::size_t>(i % 6)] =
          x[static_cast<std::size_t>(i * channels + c)];
    }
    const Matrix6 v = absolute_input(d);
    for (std::size_t o = 0; o < outputs; ++o) {
      const Matrix6 u = absolute_filter([&](std::size_t r, std::size_t s) {
        return w[(o * 9 + r * 3 + s) * static_cast<std::size_t>(channels) +
                 static_cast<std::size_t>(c)];
      });
      for (std::size_t i = 0; i < 36; ++i) {
        products[o][i / 6][i % 6] += u[i / 6][i % 6] * v[i / 6][i % 6];
      }
    }
  }
  const auto exact = convolve(Device::reference(), DType::f64);
  for_each_instruction_set([&] {
    const auto actual = convolve(Device::cpu(1), DType::f32);
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const std::size_t pixel = i / outputs;
      const double magnitude = absolute_output(products[i % outputs], pixel / 4, pixel % 4);
      EXPECT_LE(std::abs(actual[i] - exact[i]), 0x1p-24 * allowed_roundings(channels) * magnitude)
          << "pixel " << pixel << ", output " << i % outputs;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Channels, WinogradErrorTest, testing::Values(16, 37, 128, 512));

}  // namespace
}  // namespace gramgrad::tests
