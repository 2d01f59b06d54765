// Total variation of pictures, in the forms of TvForm, value and gradient in one pass. Every
// element adds the terms that begin at it to the loss, and gathers its gradient from all terms that
// it is part of, in a fixed order.
#include <algorithm>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/reduce.cuh"

namespace gramgrad::cuda {
namespace {

struct Place {
  Index image;
  int h, w, c;
};

__device__ inline int clamped(int value, int high) {
  return value < 0 ? 0 : value > high ? high : value;
}

struct Picture {
  const float* x;
  int height, width, channels;

  __device__ Place place(Index i) const {
    const auto element = static_cast<unsigned>(i);
    const unsigned pixel = element / static_cast<unsigned>(channels);
    const unsigned row = pixel / static_cast<unsigned>(width);
    return {row / static_cast<unsigned>(height),
            static_cast<int>(row % static_cast<unsigned>(height)),
            static_cast<int>(pixel % static_cast<unsigned>(width)),
            static_cast<int>(element % static_cast<unsigned>(channels))};
  }
  // The same channel of another pixel.
  __device__ float at(const Place& p, int h, int w) const {
    return x[((p.image * height + h) * width + w) * channels + p.c];
  }
};

// Pairs of neighbours: at each of rows x columns positions the pixels at two offsets, 0 or 1, from
// it; those beyond an edge are the edge.
struct Pairs {
  int rows, columns;
  int h0, w0;    // offset of the first pixel
  int h1, w1;    // offset of the second pixel
  float factor;  // of the pair's term, d^2 or |d|
};

struct PairForm {
  Picture picture;
  Pairs pairs[4];
  int count;
  bool absolute;
  float weight;
  float* dx;  // or null

  __device__ void operator()(Sum& loss, Index i) const {
    const Place p = picture.place(i);
    float gradient = 0;
    for (int family = 0; family < count; ++family) {
      const Pairs& pair = pairs[family];
      for (int h = max(p.h - 1, 0); h < min(p.h + 2, pair.rows); ++h) {
        for (int w = max(p.w - 1, 0); w < min(p.w + 2, pair.columns); ++w) {
          gradient += at_position(pair, p, h, w, loss);
        }
      }
    }
    if (dx != nullptr) {
      dx[i] = weight * gradient;
    }
  }

  // Adds the term at a position to the loss, if it begins at p; returns its gradient at p.
  __device__ float at_position(const Pairs& pair, const Place& p, int h, int w, Sum& loss) const {
    const int bottom = picture.height - 1;
    const int right = picture.width - 1;
    const int h0 = clamped(h + pair.h0, bottom);
    const int w0 = clamped(w + pair.w0, right);
    const int h1 = clamped(h + pair.h1, bottom);
    const int w1 = clamped(w + pair.w1, right);
    const float d = picture.at(p, h1, w1) - picture.at(p, h0, w0);
    if (clamped(h, bottom) == p.h && clamped(w, right) == p.w) {
      loss.add_product(pair.factor * d, absolute ? d < 0 ? -1.0F : 1.0F : d);
    }
    const float sign = d > 0 ? 1 : d < 0 ? -1 : d;  // d itself: 0 or NaN
    const float slope = pair.factor * (absolute ? sign : 2 * d);
    float gradient = 0;
    gradient += h1 == p.h && w1 == p.w ? slope : 0;
    gradient -= h0 == p.h && w0 == p.w ? slope : 0;
    return gradient;
  }
};

// factor * sum (dx^2 + dy^2)^(beta/2) over the first H-1 rows and W-1 columns
struct CroppedForm {
  Picture picture;
  float beta, factor;
  float weight;
  float* dx;  // or null

  __device__ void operator()(Sum& loss, Index i) const {
    const Place p = picture.place(i);
    const Term here = term(p, p.h, p.w);
    loss.add(here.value);
    if (dx != nullptr) {
      const float from_left = term(p, p.h, p.w - 1).slope_right;
      const float from_above = term(p, p.h - 1, p.w).slope_below;
      dx[i] = weight * (from_left + from_above - here.slope_right - here.slope_below);
    }
  }

  struct Term {
    float value = 0;
    float slope_right = 0;  // gradient at the right neighbour, and less that at the pixel
    float slope_below = 0;
  };
  __device__ Term term(const Place& p, int h, int w) const {
    if (h < 0 || w < 0 || h >= picture.height - 1 || w >= picture.width - 1) {
      return {};
    }
    const float pixel = picture.at(p, h, w);
    const float right = picture.at(p, h, w + 1) - pixel;
    const float below = picture.at(p, h + 1, w) - pixel;
    const float squares = right * right + below * below;
    if (squares == 0) {
      return {};
    }
    if (beta == 2) {  // the common case, without powers
      return {factor * squares, 2 * factor * right, 2 * factor * below};
    }
    const float slope = factor * beta * powf(squares, beta / 2 - 1);
    return {factor * powf(squares, beta / 2), slope * right, slope * below};
  }
};

// Means are over as many terms as there are; no terms: 0.
PairForm pair_form(TvForm form, const Picture& picture, Index images) {
  const int h = picture.height;
  const int w = picture.width;
  const bool to_edge = form == TvForm::nine_point;
  PairForm result{.picture = picture,
                  .pairs = {{h, w - (to_edge ? 0 : 1), 0, 0, 0, 1, 1},
                            {h - (to_edge ? 0 : 1), w, 0, 0, 1, 0, 1},
                            {h + 1, w + 1, -1, -1, 0, 0, 1},
                            {h + 1, w + 1, -1, 0, 0, -1, 1}},
                  .count = to_edge ? 4 : 2,
                  .absolute = form == TvForm::absolute,
                  .weight = 1,
                  .dx = nullptr};
  for (int family = 0; family < result.count && !result.absolute; ++family) {
    Pairs& pairs = result.pairs[family];
    const Index terms = images * pairs.rows * pairs.columns * picture.channels;
    const double share = !to_edge ? 1 : family < 2 ? 2.0 / 3 : 2.0 / 12;
    pairs.factor = static_cast<float>(share / static_cast<double>(std::max<Index>(1, terms)));
  }
  return result;
}

}  // namespace

void tv_loss(const TvLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx) {
  check_tv_loss(params, x, loss, dx);
  expect_small(x.shape());
  const Picture picture{x.data<float>(), static_cast<int>(x.shape()[1]),
                        static_cast<int>(x.shape()[2]), static_cast<int>(x.shape()[3])};
  const auto weight = static_cast<float>(params.weight);
  if (params.form == TvForm::squared_cropped || params.form == TvForm::power) {
    const bool power = params.form == TvForm::power;
    const CroppedForm terms{.picture = picture,
                            .beta = power ? static_cast<float>(params.beta) : 2,
                            .factor = power ? 1 : 0.5F,
                            .weight = weight,
                            .dx = data_or_null<float>(dx)};
    reduce<Sum>(x.size(), terms, params.weight, loss);
  } else {
    PairForm terms = pair_form(params.form, picture, x.shape()[0]);
    terms.weight = weight;
    terms.dx = data_or_null<float>(dx);
    reduce<Sum>(x.size(), terms, params.weight, loss);
  }
}

}  // namespace gramgrad::cuda
