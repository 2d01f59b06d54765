// Convolution, with bias, ReLU and pooling: y[pixel, o] = sum over k of patch(pixel, k) w[o, k].
#include "kernels/cuda/conv2d.cuh"

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/pool.cuh"
#include "kernels/cuda/relu.cuh"

namespace gramgrad::cuda {
namespace {

template <typename T>
struct PatchRows : Patches<T> {
  using Corner = typename Patches<T>::Corner;
  static constexpr bool k_is_contiguous = true;
  __device__ Corner line(int, int out_pixel) const { return this->corner(out_pixel); }
  __device__ float at(const Corner& corner, int k) const {
    return Patches<T>::at(corner, kernel_position(k, this->g.kernel_width, this->g.in_channels));
  }
};

template <typename T>
struct WeightColumns {
  const T* w;  // [O, patch]
  int patch;
  static constexpr bool k_is_contiguous = true;
  __device__ const T* line(int, int o) const { return w + static_cast<Index>(o) * patch; }
  __device__ float at(const T* line, int k) const { return to_f32(line[k]); }
};

// The comparison is false for NaN, which therefore stays.
template <typename T>
struct BiasAndRelu {
  T* y;
  const T* bias;  // or null
  int out_channels;
  bool relu;
  __device__ void operator()(int, int, int pixel, int o, float value) const {
    value += bias != nullptr ? to_f32(bias[o]) : 0;
    store(y[static_cast<Index>(pixel) * out_channels + o], relu && value <= 0 ? 0 : value, false);
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

template <typename T>
void write_masks_and_pool(const Conv2dParams& params, const Shape& full, Stream stream, T* y,
                          const Conv2dOutputs& outputs) {
  if (auto* mask = data_or_null<std::uint8_t>(outputs.relu_mask)) {
    launch_relu(stream, y, y, mask, full[0] * full[1] * full[2], full[3]);
  }
  if (T* pooled = data_or_null<T>(outputs.pooled)) {
    launch_pool(stream, {.kind = params.pool}, full, outputs.pooled->shape(), y, pooled,
                data_or_null<std::uint8_t>(outputs.pool_mask));
  }
}

template void write_masks_and_pool(const Conv2dParams&, const Shape&, Stream, float*,
                                   const Conv2dOutputs&);
template void write_masks_and_pool(const Conv2dParams&, const Shape&, Stream, Bf16*,
                                   const Conv2dOutputs&);

void conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
            const Conv2dOutputs& outputs) {
  check_conv2d(params, x, w, bias, outputs);
  const Shape full = conv2d_output_shape(params, x.shape(), w.shape());
  expect_small(x.shape());
  expect_small(full);
  const Conv2dGeometry g = conv2d_geometry(params, x.shape(), w.shape());
  const Stream stream = stream_of(x);
  with_map_type(x, [&]<typename T>(T) {
    T* y = data_or_null<T>(outputs.y);
    const Scratch<T> unwanted(x, y == nullptr ? full.size() : 0);
    y = y == nullptr ? unwanted.data() : y;
    matmul(stream, {.m = g.out_pixels(), .n = g.out_channels, .k = g.patch()},
           PatchRows<T>{{g, x.data<T>()}}, WeightColumns<T>{w.data<T>(), g.patch()},
           BiasAndRelu<T>{y, data_or_null<T>(&bias), g.out_channels, params.relu});
    write_masks_and_pool(params, full, stream, y, outputs);
  });
}

}  // namespace gramgrad::cuda
