// Total variation: value and gradient in one pass over the rows, each element of the gradient
// gathered from the pairs of pixels that it is in.
#include <cmath>

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/reduce.h"

namespace gramgrad::cpu {
namespace {

struct Picture {
  explicit Picture(const Tensor& x)
      : data(x.data<float>()),
        images(x.shape()[0]),
        height(x.shape()[1]),
        width(x.shape()[2]),
        channels(x.shape()[3]) {}

  std::int64_t row_size() const { return width * channels; }
  double at(std::int64_t i) const { return static_cast<double>(data[i]); }

  const float* data;
  std::int64_t images, height, width, channels;
};

// Weights of the pairs of neighbours, horizontal, vertical and (both) diagonal. With edges
// replicated, a diagonal pair that crosses an edge is a pair along that edge: those of the first
// and last row and column weigh `edge` more, for each such edge.
struct PairWeights {
  double right = 0, below = 0, diagonal = 0, edge = 0;
};

struct Square {
  static double value(double d) { return d * d; }
  static double slope(double d) { return 2 * d; }
};

struct Absolute {
  static double value(double d) { return std::abs(d); }
  static double slope(double d) { return d > 0 ? 1 : d < 0 ? -1 : d; }  // d itself: 0 or NaN
};

// Row `row` of all images' rows: adds its pairs with the right and the next row, and writes its
// gradient (null: unwanted).
template <typename Penalty>
class PairRow {
 public:
  PairRow(const Picture& x, const PairWeights& weights, std::int64_t row)
      : x_(x),
        weights_(weights),
        first_(row * x.row_size()),
        h_(row % x.height),
        right_(weights.right + weights.edge * edges(h_, x.height)) {}

  double run(double factor, float* dx) {
    for (std::int64_t w = 0; w < x_.width; ++w) {
      const double below = weights_.below + weights_.edge * edges(w, x_.width);
      for (std::int64_t c = 0; c < x_.channels; ++c) {
        const std::int64_t i = first_ + w * x_.channels + c;
        const double gradient = horizontal(i, w) + vertical(i, below) + diagonal(i, w);
        if (dx != nullptr) {
          dx[i] = static_cast<float>(factor * gradient);
        }
      }
    }
    return factor * loss_;
  }

 private:
  static double edges(std::int64_t at, std::int64_t extent) {
    return (at == 0 ? 1 : 0) + (at == extent - 1 ? 1 : 0);
  }

  // The pair (i, j), which belongs to this row: its value, and its gradient at i.
  double own(std::int64_t i, std::int64_t j, double weight) {
    const double d = x_.at(j) - x_.at(i);
    loss_ += weight * Penalty::value(d);
    return -weight * Penalty::slope(d);
  }
  // The gradient at i of the pair (j, i).
  double other(std::int64_t i, std::int64_t j, double weight) const {
    return weight * Penalty::slope(x_.at(i) - x_.at(j));
  }

  double horizontal(std::int64_t i, std::int64_t w) {
    return (w + 1 < x_.width ? own(i, i + x_.channels, right_) : 0) +
           (w > 0 ? other(i, i - x_.channels, right_) : 0);
  }
  double vertical(std::int64_t i, double weight) {
    return (h_ + 1 < x_.height ? own(i, i + x_.row_size(), weight) : 0) +
           (h_ > 0 ? other(i, i - x_.row_size(), weight) : 0);
  }
  double diagonal(std::int64_t i, std::int64_t w) {
    if (weights_.diagonal == 0) {
      return 0;
    }
    double gradient = 0;
    for (const std::int64_t side : {-1, 1}) {
      if (w + side < 0 || w + side >= x_.width) {
        continue;
      }
      const std::int64_t step = side * x_.channels;
      gradient += h_ + 1 < x_.height ? own(i, i + x_.row_size() + step, weights_.diagonal) : 0;
      gradient += h_ > 0 ? other(i, i - x_.row_size() + step, weights_.diagonal) : 0;
    }
    return gradient;
  }

  const Picture& x_;
  const PairWeights& weights_;
  std::int64_t first_, h_;
  double right_;
  double loss_ = 0;
};

template <typename Penalty>
double pair_loss(const Tensor& x, const PairWeights& weights, double factor, float* dx) {
  const Picture picture(x);
  return parallel_sum(x.device(), picture.images * picture.height, [&](std::int64_t row) {
    return PairRow<Penalty>(picture, weights, row).run(factor, dx);
  });
}

// 1/count, 0 for no pairs.
double mean_weight(const Picture& x, std::int64_t rows, std::int64_t columns) {
  const std::int64_t count = x.images * rows * columns * x.channels;
  return count > 0 ? 1 / static_cast<double>(count) : 0;
}

PairWeights mean_weights(const Picture& x) {
  return {.right = mean_weight(x, x.height, x.width - 1),
          .below = mean_weight(x, x.height - 1, x.width)};
}

PairWeights nine_point_weights(const Picture& x) {
  const double straight = 2.0 / 3 * mean_weight(x, x.height, x.width);
  const double diagonal = 2.0 / 12 * mean_weight(x, x.height + 1, x.width + 1);
  return {.right = straight, .below = straight, .diagonal = diagonal, .edge = 2 * diagonal};
}

// factor * sum (dx^2 + dy^2)^(beta/2) over the first H-1 rows and W-1 columns. The powers
// (dx^2 + dy^2)^(beta/2 - 1) are computed once, for value and gradient alike.
class CroppedVariation {
 public:
  CroppedVariation(const Tensor& x, double beta, double factor)
      : x_(x), device_(x.device()), beta_(beta), factor_(factor), powers_(device_, x.size()) {}

  double loss() const {
    return factor_ * parallel_sum(device_, x_.images * x_.height, [&](std::int64_t row) {
             double sum = 0;
             for (std::int64_t i = row * x_.row_size(); i < (row + 1) * x_.row_size(); ++i) {
               const double squares = squares_at(i);
               powers_[i] = power(squares);
               sum += powers_[i] * squares;
             }
             return sum;
           });
  }

  // After loss().
  void gradient(float* dx) const {
    parallel_for(device_.threads(), x_.images * x_.height, [&](std::int64_t row) {
      for (std::int64_t i = row * x_.row_size(); i < (row + 1) * x_.row_size(); ++i) {
        dx[i] = static_cast<float>(factor_ * beta_ * gradient_at(i));
      }
    });
  }

 private:
  std::int64_t row_of(std::int64_t i) const { return i / x_.row_size() % x_.height; }
  std::int64_t column_of(std::int64_t i) const { return i / x_.channels % x_.width; }
  double to_right(std::int64_t i) const { return x_.at(i + x_.channels) - x_.at(i); }
  double to_below(std::int64_t i) const { return x_.at(i + x_.row_size()) - x_.at(i); }
  bool is_base(std::int64_t i) const {
    return row_of(i) + 1 < x_.height && column_of(i) + 1 < x_.width;
  }

  double squares_at(std::int64_t i) const {
    return is_base(i) ? to_right(i) * to_right(i) + to_below(i) * to_below(i) : 0;
  }
  double power(double squares) const {
    return squares == 0 ? 0 : beta_ == 2 ? 1 : std::pow(squares, beta_ / 2 - 1);
  }

  // A power is 0 where there is no base, but a neighbour of the last row or column must not be
  // read.
  double gradient_at(std::int64_t i) const {
    double gradient = is_base(i) ? -powers_[i] * (to_right(i) + to_below(i)) : 0;
    if (column_of(i) > 0) {
      gradient += powers_[i - x_.channels] * to_right(i - x_.channels);
    }
    if (row_of(i) > 0) {
      gradient += powers_[i - x_.row_size()] * to_below(i - x_.row_size());
    }
    return gradient;
  }

  Picture x_;
  const Device& device_;
  double beta_, factor_;
  Scratch<double> powers_;
};

double cropped_loss(const Tensor& x, double beta, double factor, float* dx) {
  const CroppedVariation variation(x, beta, factor);
  const double loss = variation.loss();
  if (dx != nullptr) {
    variation.gradient(dx);
  }
  return loss;
}

double loss_of_form(const TvLossParams& params, const Tensor& x, float* dx) {
  switch (params.form) {
    case TvForm::squared_cropped:
      return cropped_loss(x, 2, params.weight / 2, dx);
    case TvForm::power:
      return cropped_loss(x, params.beta, params.weight, dx);
    case TvForm::absolute:
      return pair_loss<Absolute>(x, {.right = 1, .below = 1}, params.weight, dx);
    case TvForm::squared_mean:
      return pair_loss<Square>(x, mean_weights(Picture(x)), params.weight, dx);
    case TvForm::nine_point:
      return pair_loss<Square>(x, nine_point_weights(Picture(x)), params.weight, dx);
  }
  fail("tv_loss: unknown form {}", static_cast<int>(params.form));
}

}  // namespace

void tv_loss(const TvLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx) {
  check_tv_loss(params, x, loss, dx);
  *loss.data<float>() = static_cast<float>(loss_of_form(params, x, data_or_null<float>(dx)));
}

}  // namespace gramgrad::cpu
