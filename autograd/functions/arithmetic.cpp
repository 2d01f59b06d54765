// Sums, differences, products and factors.
#include "autograd/functions.h"
#include "autograd/node.h"
#include "kernels/check.h"

namespace gramgrad::autograd {
namespace {

// y = factor * x (+ y)
void add_scaled(double factor, const Tensor& x, Tensor& y, WriteMode mode) {
  y.device().ops().axpby(factor, x, mode == WriteMode::accumulate ? 1.0 : 0.0, y);
}

}  // namespace

Variable weighted_sum(std::span<const Variable> terms, std::span<const double> weights) {
  check(!terms.empty() && terms.size() == weights.size(),
        "weighted_sum: {} terms and {} weights; at least one, and as many of each", terms.size(),
        weights.size());
  const Tensor& first = terms.front().value();
  Tensor total(first.device(), first.shape(), first.dtype());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    add_scaled(weights[i], terms[i].value(), total,
               i == 0 ? WriteMode::assign : WriteMode::accumulate);
  }
  const auto backward = [factors =
                             std::vector<double>(weights.begin(), weights.end())](Backward& step) {
    for (std::size_t i = 0; i < factors.size(); ++i) {
      step.into(static_cast<int>(i),
                [&](Tensor& dx, WriteMode mode) { add_scaled(factors[i], step.dy(), dx, mode); });
    }
  };
  return record("weighted_sum", std::vector<Tensor>{std::move(total)}, terms, backward).front();
}

Variable add(const Variable& x, const Variable& y) {
  return weighted_sum(std::array{x, y}, std::array{1.0, 1.0});
}

Variable subtract(const Variable& x, const Variable& y) {
  return weighted_sum(std::array{x, y}, std::array{1.0, -1.0});
}

Variable scale(const Variable& x, double factor) {
  return weighted_sum(std::array{x}, std::array{factor});
}

Variable multiply(const Variable& x, const Variable& y) {
  Tensor z(x.device(), x.shape(), x.value().dtype());
  z.device().ops().multiply(x.value(), y.value(), z, WriteMode::assign);
  return record("multiply", std::move(z), {x, y}, [x = x.value(), y = y.value()](Backward& step) {
    step.into(
        0, [&](Tensor& dx, WriteMode mode) { dx.device().ops().multiply(step.dy(), y, dx, mode); });
    step.into(
        1, [&](Tensor& dy, WriteMode mode) { dy.device().ops().multiply(step.dy(), x, dy, mode); });
  });
}

Variable sum(const Variable& x) {
  Tensor total(x.device(), {1}, sum_type(x.value().dtype()));
  x.device().ops().sum(x.value(), total);
  return record("sum", std::move(total), {x}, [](Backward& step) {
    step.into(0, [&](Tensor& dx, WriteMode mode) {
      Tensor ones(dx.device(), dx.shape(), dx.dtype());
      dx.device().ops().fill(ones, 1.0);
      dx.device().ops().multiply_scalar(step.dy(), ones, dx, mode);
    });
  });
}

}  // namespace gramgrad::autograd
