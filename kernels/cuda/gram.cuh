// What the Gram operators share, whatever multiplies the matrices: F is [pixels, C] of each item,
// G = scale * F^T F; the loss around it, and its gradient. Source: Gatys, Ecker, Bethge 2016,
// equation 3.
#pragma once

#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/split_matmul.cuh"

namespace gramgrad::cuda {

inline int items_of(const Tensor& f) {
  return static_cast<int>(f.shape()[0]);
}
inline int pixels_of(const Tensor& f) {
  return static_cast<int>(f.shape()[1] * f.shape()[2]);
}
inline int channels_of(const Tensor& f) {
  return static_cast<int>(f.shape()[3]);
}

// Of F^T F: tiles below the diagonal are mirrored.
inline MatmulSize gram_size(const Tensor& f) {
  expect_small(f.shape());
  return {.m = channels_of(f),
          .n = channels_of(f),
          .k = pixels_of(f),
          .items = items_of(f),
          .upper_only = true};
}

// Of F (dG + dG^T).
inline MatmulSize gram_backward_size(const Tensor& f) {
  expect_small(f.shape());
  return {.m = pixels_of(f), .n = channels_of(f), .k = channels_of(f), .items = items_of(f)};
}

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

// df (+)= scale * what is computed of it
template <typename T>
struct StoreFeatureGradient {
  T* df;
  int pixels, channels;
  float scale;
  bool accumulate;
  __device__ void operator()(int item, int, int pixel, int channel, float value) const {
    const Index row = static_cast<Index>(item) * pixels + pixel;
    store(df[row * channels + channel], scale * value, accumulate);
  }
};

// `product(f, consumer)` computes F^T F and calls consumer(partials).
template <typename Product>
void gram_by(const Product& product, double scale, const Tensor& f, Tensor& g) {
  check_gram(f, g);
  product(f, [&](const Partials& partials) {
    const GramElements elements{partials, static_cast<float>(scale)};
    for_each(stream_of(f), g.size(), StoreGram{elements, g.data<float>()});
  });
}

template <typename Product>
void gram_style_loss_by(const Product& product, const GramStyleLossParams& params, const Tensor& f,
                        const Tensor& target, Tensor& loss, Tensor* dg) {
  check_gram_style_loss(f, target, loss, dg);
  product(f, [&](const Partials& partials) {
    const GramElements elements{partials, static_cast<float>(params.gram_scale)};
    const GramDifferences terms{elements, target.data<float>(), data_or_null<float>(dg),
                                static_cast<float>(2 * params.weight)};
    reduce<Sum>(target.size(), terms, params.weight, loss);
  });
}

}  // namespace gramgrad::cuda
