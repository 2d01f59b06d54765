// Total variation of pictures, in the forms of TvForm. Each term is added to the loss and to the
// gradients of the pixels in it, one after the other: pictures are small.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {
namespace {

template <typename T>
class TotalVariation {
 public:
  explicit TotalVariation(const Tensor& x)
      : x_(x.data<T>()),
        images_(x.shape()[0]),
        height_(x.shape()[1]),
        width_(x.shape()[2]),
        channels_(x.shape()[3]),
        gradient_(zeros(x.size())) {}

  double loss() const { return loss_; }
  const std::vector<double>& gradient() const { return gradient_; }

  // factor * sum (dx^2 + dy^2)^(beta/2) over the first H-1 rows and W-1 columns
  void add_cropped(double beta, double factor) {
    for_each_position(height_ - 1, width_ - 1, [&](Index n, Index h, Index w, Index c) {
      const Index here = index(n, h, w, c);
      const Index right = index(n, h, w + 1, c);
      const Index below = index(n, h + 1, w, c);
      const double dx = difference(here, right);
      const double dy = difference(here, below);
      const double squares = dx * dx + dy * dy;
      loss_ += factor * std::pow(squares, beta / 2);
      if (squares != 0) {
        const double slope = factor * beta * std::pow(squares, beta / 2 - 1);
        add_gradient(here, right, slope * dx);
        add_gradient(here, below, slope * dy);
      }
    });
  }

  // Pairs of neighbours: at each of rows x columns positions the pixels at two offsets from it;
  // those beyond an edge are the edge.
  struct Pairs {
    Index rows, columns;
    Index h0, w0;  // offset of the first pixel
    Index h1, w1;  // offset of the second pixel
  };
  Pairs right(bool to_edge) const { return {height_, width_ - (to_edge ? 0 : 1), 0, 0, 0, 1}; }
  Pairs below(bool to_edge) const { return {height_ - (to_edge ? 0 : 1), width_, 0, 0, 1, 0}; }
  Pairs falling_diagonal() const { return {height_ + 1, width_ + 1, -1, -1, 0, 0}; }
  Pairs rising_diagonal() const { return {height_ + 1, width_ + 1, -1, 0, 0, -1}; }

  // sum |d|
  void add_absolute(const Pairs& pairs) {
    for_each_pair(pairs, [&](Index a, Index b) {
      const double d = difference(a, b);
      loss_ += std::abs(d);
      add_gradient(a, b, d > 0 ? 1 : d < 0 ? -1 : d);  // d itself: 0 or NaN
    });
  }

  // factor * mean d^2
  void add_mean_square(const Pairs& pairs, double factor) {
    const Index count = images_ * pairs.rows * pairs.columns * channels_;
    const double scale = factor / static_cast<double>(std::max<Index>(1, count));
    for_each_pair(pairs, [&](Index a, Index b) {
      const double d = difference(a, b);
      loss_ += scale * d * d;
      add_gradient(a, b, 2 * scale * d);
    });
  }

 private:
  template <typename Function>
  void for_each_position(Index rows, Index columns, Function function) const {
    for (Index n = 0; n < images_; ++n) {
      for (Index h = 0; h < rows; ++h) {
        for (Index w = 0; w < columns; ++w) {
          for (Index c = 0; c < channels_; ++c) {
            function(n, h, w, c);
          }
        }
      }
    }
  }

  template <typename Function>
  void for_each_pair(const Pairs& pairs, Function function) const {
    const auto row = [&](Index h) { return std::clamp<Index>(h, 0, height_ - 1); };
    const auto column = [&](Index w) { return std::clamp<Index>(w, 0, width_ - 1); };
    for_each_position(pairs.rows, pairs.columns, [&](Index n, Index h, Index w, Index c) {
      function(index(n, row(h + pairs.h0), column(w + pairs.w0), c),
               index(n, row(h + pairs.h1), column(w + pairs.w1), c));
    });
  }

  Index index(Index n, Index h, Index w, Index c) const {
    return ((n * height_ + h) * width_ + w) * channels_ + c;
  }
  double difference(Index from, Index to) const {
    return static_cast<double>(x_[to]) - static_cast<double>(x_[from]);
  }
  void add_gradient(Index from, Index to, double slope) {
    gradient_[static_cast<std::size_t>(to)] += slope;
    gradient_[static_cast<std::size_t>(from)] -= slope;
  }

  const T* x_;
  Index images_, height_, width_, channels_;
  double loss_ = 0;
  std::vector<double> gradient_;
};

template <typename T>
TotalVariation<T> total_variation(const TvLossParams& params, const Tensor& x) {
  TotalVariation<T> tv(x);
  switch (params.form) {
    case TvForm::squared_cropped:
      tv.add_cropped(2, 0.5);
      break;
    case TvForm::power:
      tv.add_cropped(params.beta, 1);
      break;
    case TvForm::absolute:
      tv.add_absolute(tv.right(false));
      tv.add_absolute(tv.below(false));
      break;
    case TvForm::squared_mean:
      tv.add_mean_square(tv.right(false), 1);
      tv.add_mean_square(tv.below(false), 1);
      break;
    case TvForm::nine_point:
      tv.add_mean_square(tv.right(true), 2.0 / 3);
      tv.add_mean_square(tv.below(true), 2.0 / 3);
      tv.add_mean_square(tv.falling_diagonal(), 2.0 / 12);
      tv.add_mean_square(tv.rising_diagonal(), 2.0 / 12);
      break;
  }
  return tv;
}

}  // namespace

void tv_loss(const TvLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx) {
  check_tv_loss(params, x, loss, dx);
  with_type(x, [&]<typename T>(T) {
    const TotalVariation<T> tv = total_variation<T>(params, x);
    loss.data<T>()[0] = static_cast<T>(params.weight * tv.loss());
    if (T* gradient = data_or_null<T>(dx)) {
      parallel_for(x.size(), 1, [&](Index i) {
        gradient[i] = static_cast<T>(params.weight * tv.gradient()[static_cast<std::size_t>(i)]);
      });
    }
  });
}

}  // namespace gramgrad::reference
