// Gram matrices: F is a matrix [pixels, C], G = scale * F^T F; the losses and gradients around
// them. Source: Gatys, Ecker, Bethge 2016, equation 3.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/split_matmul.cuh"

namespace gramgrad::cuda {
namespace {

// Row i of F^T, and column i of F: both a channel; k: a pixel.
struct Channels {
  const float* f;  // [items, pixels, channels]
  int pixels, channels;
  static constexpr bool k_is_contiguous = false;
  __device__ const float* line(int item, int channel) const {
    return f + static_cast<Index>(item) * pixels * channels + channel;
  }
  __device__ float at(const float* line, int pixel) const {
    return line[static_cast<Index>(pixel) * channels];
  }
};

// Row: a pixel; k: a channel.
struct Pixels {
  const float* f;
  int pixels, channels;
  static constexpr bool k_is_contiguous = true;
  __device__ const float* line(int item, int pixel) const {
    return f + (static_cast<Index>(item) * pixels + pixel) * channels;
  }
  __device__ float at(const float* line, int channel) const { return line[channel]; }
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

struct StoreScaled {
  float* df;
  int pixels, channels;
  float scale;
  bool accumulate;
  __device__ void operator()(int item, int, int pixel, int channel, float value) const {
    const Index row = static_cast<Index>(item) * pixels + pixel;
    store(df[row * channels + channel], scale * value, accumulate);
  }
};

// Elements of G from the partial products of tiles at and above the diagonal. (i, j) and (j, i) are
// the same sum: G is exactly symmetric.
struct GramElements {
  Partials partials;
  float scale;
  __device__ Sum sum(Index element) const {
    const int channels = partials.n;
    const auto j = static_cast<int>(element % channels);
    const auto i = static_cast<int>(element / channels % channels);
    const auto item = static_cast<int>(element / channels / channels);
    return i < j ? partials.sum(item, i, j) : partials.sum(item, j, i);
  }
};

struct StoreGram {
  GramElements elements;
  float* g;
  __device__ void operator()(Index i) const {
    const Sum sum = elements.sum(i);
    g[i] = elements.scale * (sum.high + sum.low);
  }
};

// sum (G - target)^2; dg = slope (G - target)
struct GramDifferences {
  GramElements elements;
  const float* target;
  float* dg;  // or null
  float slope;
  __device__ void operator()(Sum& total, Index i) const {
    const Sum sum = elements.sum(i);
    const float difference = fmaf(elements.scale, sum.high, -target[i]) + elements.scale * sum.low;
    total.add_product(difference, difference);
    if (dg != nullptr) {
      dg[i] = slope * difference;
    }
  }
};

int pixels_of(const Tensor& f) {
  return static_cast<int>(f.shape()[1] * f.shape()[2]);
}
int channels_of(const Tensor& f) {
  return static_cast<int>(f.shape()[3]);
}

// F^T F of each item, and then consumer(partials).
template <typename Consumer>
void gram_partials(const Tensor& f, const Consumer& consumer) {
  expect_small(f.shape());
  const Channels channels{f.data<float>(), pixels_of(f), channels_of(f)};
  const MatmulSize size{.m = channels.channels,
                        .n = channels.channels,
                        .k = channels.pixels,
                        .items = static_cast<int>(f.shape()[0]),
                        .upper_only = true};
  split_matmul(f, size, channels, channels, consumer);
}

}  // namespace

void gram(double scale, const Tensor& f, Tensor& g) {
  check_gram(f, g);
  gram_partials(f, [&](const Partials& partials) {
    const GramElements elements{partials, static_cast<float>(scale)};
    for_each(stream_of(f), g.size(), StoreGram{elements, g.data<float>()});
  });
}

void gram_backward(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode) {
  check_gram_backward(f, dg, df);
  expect_small(f.shape());
  const Pixels pixels{f.data<float>(), pixels_of(f), channels_of(f)};
  const MatmulSize size{.m = pixels.pixels,
                        .n = pixels.channels,
                        .k = pixels.channels,
                        .items = static_cast<int>(f.shape()[0])};
  const StoreScaled output{df.data<float>(), pixels.pixels, pixels.channels,
                           static_cast<float>(scale), adds(mode)};
  matmul(stream_of(f), size, pixels, SymmetricGradient{dg.data<float>(), pixels.channels}, output);
}

void gram_style_loss(const GramStyleLossParams& params, const Tensor& f, const Tensor& target,
                     Tensor& loss, Tensor* dg) {
  check_gram_style_loss(f, target, loss, dg);
  gram_partials(f, [&](const Partials& partials) {
    const GramElements elements{partials, static_cast<float>(params.gram_scale)};
    const GramDifferences terms{elements, target.data<float>(), data_or_null<float>(dg),
                                static_cast<float>(2 * params.weight)};
    reduce<Sum>(target.size(), terms, params.weight, loss);
  });
}

}  // namespace gramgrad::cuda
