// Gram matrices with products in f32, on every GPU: gram.cuh with the plain tile kernel.
#include "kernels/cuda/gram.cuh"

#include "kernels/cuda/cuda_ops.h"

namespace gramgrad::cuda {
namespace {

// Row i of F^T, and column i of F: both a channel; k: a pixel.
template <typename T>
struct Channels {
  const T* f;  // [items, pixels, channels]
  int pixels, channels;
  static constexpr bool k_is_contiguous = false;
  __device__ const T* line(int item, int channel) const {
    return f + static_cast<Index>(item) * pixels * channels + channel;
  }
  __device__ float at(const T* line, int pixel) const {
    return to_f32(line[static_cast<Index>(pixel) * channels]);
  }
};

// Row: a pixel; k: a channel.
template <typename T>
struct Pixels {
  const T* f;
  int pixels, channels;
  static constexpr bool k_is_contiguous = true;
  __device__ const T* line(int item, int pixel) const {
    return f + (static_cast<Index>(item) * pixels + pixel) * channels;
  }
  __device__ float at(const T* line, int channel) const { return to_f32(line[channel]); }
};

// dg + dg^T. Column: a channel; k: a channel.
struct SymmetricGradient {
  const float* dg;  // [items, channels, channels]
  int channels;
  static constexpr bool k_is_contiguous = false;
  struct Column {
    const float* matrix;
    int i;
  };
  __device__ Column line(int item, int i) const {
    return {dg + static_cast<Index>(item) * channels * channels, i};
  }
  __device__ float at(const Column& column, int j) const {
    return column.matrix[column.i * channels + j] + column.matrix[j * channels + column.i];
  }
};

constexpr auto product = [](const Tensor& f, const auto& consumer) {
  const MatmulSize size = gram_size(f);
  with_map_type(f, [&]<typename T>(T) {
    const Channels<T> channels{f.data<T>(), size.k, size.m};
    split_matmul(f, size, channels, channels, consumer);
  });
};

}  // namespace

void gram(double scale, const Tensor& f, Tensor& g) {
  gram_by(product, scale, f, g);
}

void gram_style_loss(const GramStyleLossParams& params, const Tensor& f, const Tensor& target,
                     Tensor& loss, Tensor* dg) {
  gram_style_loss_by(product, params, f, target, loss, dg);
}

void gram_backward(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode) {
  check_gram_backward(f, dg, df);
  const MatmulSize size = gram_backward_size(f);
  with_map_type(f, [&]<typename T>(T) {
    const StoreFeatureGradient<T> output{df.data<T>(), size.m, size.n, static_cast<float>(scale),
                                         adds(mode)};
    matmul(stream_of(f), size, Pixels<T>{f.data<T>(), size.m, size.n},
           SymmetricGradient{dg.data<float>(), size.n}, output);
  });
}

}  // namespace gramgrad::cuda
