// Convolution, with bias, ReLU and pooling: y[pixel, o] = sum over k of patch(pixel, k) w[o, k].
#include "kernels/cuda/conv2d.cuh"

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/pool.cuh"
#include "kernels/cuda/relu.cuh"

namespace gramgrad::cuda {
namespace {

struct PatchRows : Patches {
  static constexpr bool k_is_contiguous = true;
  __device__ Corner line(int, int out_pixel) const { return corner(out_pixel); }
  __device__ float at(const Corner& corner, int k) const {
    return Patches::at(corner, kernel_position(k, g.kernel_width, g.in_channels));
  }
};

struct WeightColumns {
  const float* w;  // [O, patch]
  int patch;
  static constexpr bool k_is_contiguous = true;
  __device__ const float* line(int, int o) const { return w + static_cast<Index>(o) * patch; }
  __device__ float at(const float* line, int k) const { return line[k]; }
};

// The comparison is false for NaN, which therefore stays.
struct BiasAndRelu {
  float* y;
  const float* bias;  // or null
  int out_channels;
  bool relu;
  __device__ void operator()(int, int, int pixel, int o, float value) const {
    value += bias != nullptr ? bias[o] : 0;
    y[static_cast<Index>(pixel) * out_channels + o] = relu && value <= 0 ? 0 : value;
  }
};

}  // namespace

Conv2dGeometry conv2d_geometry(const Conv2dParams& params, const Shape& x, const Shape& w) {
  const Shape y = conv2d_output_shape(params, x, w);
  const auto narrow = [](std::int64_t extent) { return static_cast<int>(extent); };
  return {.stride = params.stride,
          .padding = params.padding,
          .batch = narrow(x[0]),
          .in_height = narrow(x[1]),
          .in_width = narrow(x[2]),
          .in_channels = narrow(x[3]),
          .out_channels = narrow(w[0]),
          .kernel_height = narrow(w[1]),
          .kernel_width = narrow(w[2]),
          .out_height = narrow(y[1]),
          .out_width = narrow(y[2])};
}

void write_masks_and_pool(const Conv2dParams& params, const Shape& full, Stream stream, float* y,
                          const Conv2dOutputs& outputs) {
  if (auto* mask = data_or_null<std::uint8_t>(outputs.relu_mask)) {
    launch_relu(stream, y, y, mask, full[0] * full[1] * full[2], full[3]);
  }
  if (float* pooled = data_or_null<float>(outputs.pooled)) {
    launch_pool(stream, {.kind = params.pool}, full, outputs.pooled->shape(), y, pooled,
                data_or_null<std::uint8_t>(outputs.pool_mask));
  }
}

void conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
            const Conv2dOutputs& outputs) {
  check_conv2d(params, x, w, bias, outputs);
  const Shape full = conv2d_output_shape(params, x.shape(), w.shape());
  expect_small(x.shape());
  expect_small(full);
  const Conv2dGeometry g = conv2d_geometry(params, x.shape(), w.shape());
  const Stream stream = stream_of(x);
  float* y = data_or_null<float>(outputs.y);
  const Scratch<float> unwanted(x, y == nullptr ? full.size() : 0);
  y = y == nullptr ? unwanted.data() : y;
  matmul(stream, {.m = g.out_pixels(), .n = g.out_channels, .k = g.patch()},
         PatchRows{{g, x.data<float>()}}, WeightColumns{w.data<float>(), g.patch()},
         BiasAndRelu{y, data_or_null<float>(&bias), g.out_channels, params.relu});
  write_masks_and_pool(params, full, stream, y, outputs);
}

}  // namespace gramgrad::cuda
