// A convolution's gradients, both as products of matrices:
//   dx[pixel, i]   = sum over (kh, kw, o) of dz[where the output saw the pixel, o] w[o, kh, kw, i]
//   dw[o, patch k] = sum over output pixels of dz[pixel, o] patch(pixel, k)
#include "kernels/cuda/conv2d.cuh"

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/split_matmul.cuh"

namespace gramgrad::cuda {
namespace {

// Row: an input pixel; k = (kh, kw, o). The output pixel oh with oh * stride + kh - padding = h.
template <typename T>
struct SeenBy {
  Conv2dGeometry g;
  const T* dz;
  static constexpr bool k_is_contiguous = true;

  struct Pixel {
    int image, h, w;  // h, w: with the padding
  };
  __device__ Pixel line(int, int in_pixel) const {
    return {in_pixel / g.in_width / g.in_height, in_pixel / g.in_width % g.in_height + g.padding,
            in_pixel % g.in_width + g.padding};
  }
  __device__ float at(const Pixel& pixel, int k) const {
    const KernelPosition position = kernel_position(k, g.kernel_width, g.out_channels);
    const int h = pixel.h - position.kh;
    const int w = pixel.w - position.kw;
    if (h < 0 || w < 0 || h % g.stride != 0 || w % g.stride != 0) {
      return 0;
    }
    const int oh = h / g.stride;
    const int ow = w / g.stride;
    if (oh >= g.out_height || ow >= g.out_width) {
      return 0;
    }
    const Index output = (static_cast<Index>(pixel.image) * g.out_height + oh) * g.out_width + ow;
    return to_f32(dz[output * g.out_channels + position.channel]);
  }
};

// Column: an input channel; k as above.
template <typename T>
struct TransposedWeights {
  Conv2dGeometry g;
  const T* w;
  static constexpr bool k_is_contiguous = false;
  __device__ int line(int, int i) const { return i; }
  __device__ float at(int i, int k) const {
    const KernelPosition position = kernel_position(k, g.kernel_width, g.out_channels);
    const Index row = static_cast<Index>(position.channel) * g.kernel_height + position.kh;
    return to_f32(w[(row * g.kernel_width + position.kw) * g.in_channels + i]);
  }
};

template <typename T>
struct StoreMap {
  T* dx;
  int channels;
  bool accumulate;
  __device__ void operator()(int, int, int pixel, int channel, float value) const {
    store(dx[static_cast<Index>(pixel) * channels + channel], value, accumulate);
  }
};

// Row: an output channel; k: an output pixel.
struct ChannelsOfGradient {
  const float* dz;
  int channels;
  static constexpr bool k_is_contiguous = false;
  __device__ int line(int, int o) const { return o; }
  __device__ float at(int o, int pixel) const {
    return dz[static_cast<Index>(pixel) * channels + o];
  }
};

// Column: a position in the patch; k: an output pixel.
struct PatchColumns : Patches<float> {
  static constexpr bool k_is_contiguous = false;
  __device__ KernelPosition line(int, int k) const {
    return kernel_position(k, g.kernel_width, g.in_channels);
  }
  __device__ float at(const KernelPosition& position, int out_pixel) const {
    return Patches::at(corner(out_pixel), position);
  }
};

// For the bias: dz times a column of ones.
struct Ones {
  static constexpr bool k_is_contiguous = false;
  __device__ int line(int, int) const { return 0; }
  __device__ float at(int, int) const { return 1; }
};

struct AddPartials {
  Partials partials;
  float* out;
  bool accumulate;
  __device__ void operator()(Index i) const {
    const auto element = static_cast<int>(i);
    const Sum sum = partials.sum(0, element / partials.n, element % partials.n);
    store(out[i], static_cast<float>(sum.total()), accumulate);
  }
};

// out (+)= A B, out [m, n]
template <typename B>
void weight_product(Tensor& out, const MatmulSize& size, const ChannelsOfGradient& a, const B& b,
                    WriteMode mode) {
  split_matmul(out, size, a, b, [&](const Partials& partials) {
    for_each(stream_of(out), out.size(), AddPartials{partials, out.data<float>(), adds(mode)});
  });
}

}  // namespace

template <typename T>
MapGradient<T> map_gradient(const Conv2dGradients& gradients, const Shape& y) {
  return {.height = static_cast<unsigned>(y[1]),
          .width = static_cast<unsigned>(y[2]),
          .channels = static_cast<unsigned>(y[3]),
          .dy = data_or_null<T>(gradients.dy),
          .relu_mask = data_or_null<std::uint8_t>(gradients.relu_mask),
          .dpooled = data_or_null<T>(gradients.dpooled),
          .winners = data_or_null<std::uint8_t>(gradients.pool_mask),
          .pooled_height = static_cast<unsigned>(y[1] / 2),
          .pooled_width = static_cast<unsigned>(y[2] / 2)};
}

template <typename T>
OutputGradient<T>::OutputGradient(const Conv2dParams& params, const Conv2dGradients& gradients,
                                  const Shape& y, const Tensor& like)
    : shape_(y),
      scratch_(like, params.relu || params.pool != PoolKind::none ? y.size() : 0),
      dz_(data_or_null<T>(gradients.dy)) {
  if (!params.relu && data_or_null<T>(gradients.dpooled) == nullptr) {
    return;
  }
  launch_map_gradient(stream_of(like), map_gradient<T>(gradients, y), scratch_.data(),
                      expect_small(y), WriteMode::assign);
  dz_ = scratch_.data();
}

template MapGradient<float> map_gradient(const Conv2dGradients&, const Shape&);
template class OutputGradient<float>;
template class OutputGradient<Bf16>;

void conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                           const Tensor& w, Tensor& dx, WriteMode mode) {
  check_conv2d_backward_input(params, gradients, w, dx);
  expect_small(dx.shape());
  const Shape full = conv2d_output_shape(params, dx.shape(), w.shape());
  const Conv2dGeometry g = conv2d_geometry(params, dx.shape(), w.shape());
  const int terms = g.kernel_height * g.kernel_width * g.out_channels;
  with_map_type(dx, [&]<typename T>(T) {
    const OutputGradient<T> dz(params, gradients, full, w);
    matmul(stream_of(dx), {.m = g.in_pixels(), .n = g.in_channels, .k = terms},
           SeenBy<T>{g, dz.data()}, TransposedWeights<T>{g, w.data<T>()},
           StoreMap<T>{dx.data<T>(), g.in_channels, adds(mode)});
  });
}

void conv2d_backward_weight(const Conv2dParams& params, const Conv2dGradients& gradients,
                            const Tensor& x, Tensor& dw, Tensor& dbias, WriteMode mode) {
  check_conv2d_backward_weight(params, gradients, x, dw, dbias);
  expect_small(x.shape());
  const OutputGradient<float> dz(params, gradients,
                                 conv2d_output_shape(params, x.shape(), dw.shape()), x);
  const Conv2dGeometry g = conv2d_geometry(params, x.shape(), dw.shape());
  const ChannelsOfGradient rows{dz.data(), g.out_channels};
  weight_product(dw, {.m = g.out_channels, .n = g.patch(), .k = g.out_pixels()}, rows,
                 PatchColumns{{g, x.data<float>()}}, mode);
  if (dbias.defined()) {
    add_bias_gradient(dz, dbias, mode);
  }
}

void add_bias_gradient(const OutputGradient<float>& dz, Tensor& dbias, WriteMode mode) {
  const Shape& y = dz.shape();
  const auto channels = static_cast<int>(y[3]);
  weight_product(dbias, {.m = channels, .n = 1, .k = static_cast<int>(y.size() / y[3])},
                 ChannelsOfGradient{dz.data(), channels}, Ones{}, mode);
}

}  // namespace gramgrad::cuda
