// The masks that a fused convolution writes, on every device: rounding may decide where a value is
// within a rounding error of zero or of another maximum, and nowhere else.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/kernels/devices.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

constexpr int in_channels = 19;
constexpr int out_channels = 21;
const Shape input_shape{2, 9, 7, in_channels};
const Shape filter_shape{out_channels, 3, 3, in_channels};

struct MasksOfDevice {
  std::vector<std::uint8_t> relu, pool;
};

MasksOfDevice masks_of(const Device& device, bool full) {
  const Inputs inputs(device, {.seed = test_seed()});
  const Conv2dParams params{.padding = 1, .relu = true, .pool = PoolKind::max};
  Tensor y = inputs.assigned(conv2d_output_shape(params, input_shape, filter_shape));
  Tensor pooled = inputs.assigned(conv2d_pooled_shape(params, input_shape, filter_shape));
  Tensor relu_mask = inputs.assigned_bytes(relu_mask_shape(y.shape()));
  Tensor pool_mask = inputs.assigned_bytes(pooled.shape());
  device.ops().conv2d(params, inputs.values("x", input_shape), inputs.values("w", filter_shape),
                      inputs.values("bias", {out_channels}),
                      {.y = full ? &y : nullptr,
                       .pooled = &pooled,
                       .relu_mask = &relu_mask,
                       .pool_mask = &pool_mask});
  return {relu_mask.to_host<std::uint8_t>(), pool_mask.to_host<std::uint8_t>()};
}

// z before the ReLU, in f64.
std::vector<double> exact_z(Shape& shape) {
  const Inputs inputs = random_f64(Device::reference());
  const Conv2dParams params{.padding = 1};
  shape = conv2d_output_shape(params, input_shape, filter_shape);
  Tensor y = inputs.assigned(shape);
  inputs.ops().conv2d(params, inputs.values("x", input_shape), inputs.values("w", filter_shape),
                      inputs.values("bias", {out_channels}), {.y = &y});
  return y.to_host<double>();
}

// |x| and |w| are at most 1: eps * (roundings + sqrt(terms)) * magnitude, as Tolerance has it.
constexpr double terms = 9 * in_channels;
const double z_tolerance = 0x1p-23 * (4 + std::sqrt(terms)) * terms;

class Conv2dMasks : public testing::TestWithParam<bool> {};

TEST_P(Conv2dMasks, ReluMaskIsTheSignOfZ) {
  Shape shape;
  const auto z = exact_z(shape);
  constexpr std::size_t mask_bytes = (out_channels + 7) / 8;
  for (const Device& device : all_devices()) {
    SCOPED_TRACE(device.name() + ", seed " + std::to_string(test_seed()));
    const auto mask = masks_of(device, GetParam()).relu;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const std::size_t c = i % out_channels;
      const bool bit = (mask[i / out_channels * mask_bytes + c / 8] >> (c % 8) & 1) != 0;
      ASSERT_TRUE(bit ? z[i] > -z_tolerance : z[i] < z_tolerance)
          << "element " << i << ", z " << z[i];
    }
  }
}

// Values of one pooling window after the ReLU.
std::array<double, 4> window_of(const std::vector<double>& z, const Shape& shape,
                                std::int64_t pooled) {
  const std::int64_t c = pooled % shape[3];
  const std::int64_t w = pooled / shape[3] % (shape[2] / 2);
  const std::int64_t row = pooled / shape[3] / (shape[2] / 2);
  const std::int64_t n = row / (shape[1] / 2);
  const std::int64_t h = row % (shape[1] / 2);
  std::array<double, 4> window{};
  for (std::int64_t k = 0; k < 4; ++k) {
    const auto pixel = (n * shape[1] + 2 * h + k / 2) * shape[2] + 2 * w + k % 2;
    window[static_cast<std::size_t>(k)] = z[static_cast<std::size_t>(pixel * shape[3] + c)];
  }
  return window;
}

TEST_P(Conv2dMasks, PoolMaskIsAMaximum) {
  Shape shape;
  const auto z = exact_z(shape);
  int all_closed = 0;
  for (const Device& device : all_devices()) {
    SCOPED_TRACE(device.name() + ", seed " + std::to_string(test_seed()));
    const auto mask = masks_of(device, GetParam()).pool;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      const auto window = window_of(z, shape, static_cast<std::int64_t>(i));
      const double largest = *std::max_element(window.begin(), window.end());
      ASSERT_LT(mask[i], 4);
      if (largest < -z_tolerance) {
        ASSERT_EQ(mask[i], 0) << "equal zeros: the first wins";
        ++all_closed;
      } else {
        ASSERT_GE(std::max(0.0, window[mask[i]]), std::max(0.0, largest) - z_tolerance) << i;
      }
    }
  }
  EXPECT_GT(all_closed, 0);
}

INSTANTIATE_TEST_SUITE_P(FullMapWanted, Conv2dMasks, testing::Bool());

}  // namespace
}  // namespace gramgrad::tests
