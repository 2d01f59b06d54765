// L-BFGS with a fixed step. The order of operations and of checks is that of torch/optim/lbfgs.py,
// so that trajectories can be compared number for number.
#include "nn/optim/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gramgrad::nn {
namespace {

// A pair with less curvature than this is not learnt from: the inverse Hessian must stay positive
// definite. torch's constant, absolute.
constexpr double least_curvature = 1e-10;

}  // namespace

Lbfgs::Lbfgs(const LbfgsOptions& options) : options_(options) {
  check(options.learning_rate > 0 && std::isfinite(options.learning_rate),
        "L-BFGS: learning rate {} must be above 0", options.learning_rate);
  check(options.history >= 1 && options.history <= 1000,
        "L-BFGS: a history of {} pairs; choose 1 to 1000", options.history);
  check(options.tolerance_grad >= 0 && options.tolerance_change >= 0,
        "L-BFGS: tolerances {} and {} must not be negative", options.tolerance_grad,
        options.tolerance_change);
  pairs_.reserve(static_cast<std::size_t>(options.history));
  alpha_.resize(static_cast<std::size_t>(options.history));
}

// Checks that torch makes after the evaluation at the new x.
StopReason Lbfgs::judge(double loss, const Tensor& gradient) {
  const double largest = read_.max_absolute(gradient);
  if (!std::isfinite(loss) || !std::isfinite(largest)) {
    return StopReason::not_finite;
  }
  if (largest <= options_.tolerance_grad) {
    return StopReason::gradient_tolerance;
  }
  if (moved_) {
    if (step_length_ * read_.max_absolute(direction_) <= options_.tolerance_change) {
      return StopReason::step_tolerance;
    }
    if (std::abs(loss - previous_loss_) < options_.tolerance_change) {
      return StopReason::loss_tolerance;
    }
  }
  return StopReason::none;
}

// y = g - g_previous and s = t d are computed in place of g_previous and d, which nobody needs any
// more. If the pair is kept, the oldest pair's memory takes their place: no copies, no spare pair.
void Lbfgs::learn_curvature(const Tensor& gradient) {
  const Ops& ops = gradient.device().ops();
  Tensor& y = previous_gradient_;
  Tensor& s = direction_;
  ops.axpby(1, gradient, -1, y);
  ops.axpby(step_length_, s, 0, s);
  const double ys = read_.dot(y, s);
  if (!(ys > least_curvature)) {
    return;
  }
  scale_ = ys / read_.dot(y, y);
  if (pairs_.size() < static_cast<std::size_t>(options_.history)) {
    const auto fresh = [&] {
      return Tensor(gradient.device(), gradient.shape(), gradient.dtype());
    };
    pairs_.push_back({fresh(), fresh(), 0.0});
    next_pair_ = pairs_.size() - 1;
  }
  Pair& pair = pairs_[next_pair_];
  std::swap(pair.s, s);
  std::swap(pair.y, y);
  pair.inverse_ys = 1 / ys;
  next_pair_ = (next_pair_ + 1) % static_cast<std::size_t>(options_.history);
}

// d = -H g by the two-loop recursion, in one buffer.
void Lbfgs::compute_direction(const Tensor& gradient) {
  const Ops& ops = gradient.device().ops();
  Tensor& d = direction_;
  ops.axpby(-1, gradient, 0, d);
  for (std::size_t age = 0; age < pairs_.size(); ++age) {
    const Pair& pair = newest(age);
    alpha_[age] = read_.dot(pair.s, d) * pair.inverse_ys;
    ops.axpby(-alpha_[age], pair.y, 1, d);
  }
  ops.axpby(scale_, d, 0, d);
  for (std::size_t age = pairs_.size(); age-- > 0;) {
    const Pair& pair = newest(age);
    const double beta = read_.dot(pair.y, d) * pair.inverse_ys;
    ops.axpby(alpha_[age] - beta, pair.s, 1, d);
  }
}

StepResult Lbfgs::step(Tensor& x, const Evaluate& evaluate) {
  if (started_) {
    check_state(direction_, x);
  }
  const Evaluation at = evaluate_at(x, evaluate);
  const StopReason judgement = judge(at.loss, at.gradient);
  if (judgement != StopReason::none) {
    return {at.loss, judgement};
  }
  if (!started_) {
    direction_ = Tensor(x.device(), x.shape(), x.dtype());
    previous_gradient_ = Tensor(x.device(), x.shape(), x.dtype());
  } else if (moved_) {
    learn_curvature(at.gradient);
  }
  compute_direction(at.gradient);
  x.device().ops().copy(at.gradient, previous_gradient_);
  previous_loss_ = at.loss;
  step_length_ = options_.learning_rate;
  if (!started_) {
    step_length_ *= std::min(1.0, 1.0 / read_.sum_absolute(at.gradient));
  }
  started_ = true;
  const double slope = read_.dot(at.gradient, direction_);
  moved_ = std::isfinite(slope) && !(slope > -options_.tolerance_change);
  if (!moved_) {
    return {at.loss, std::isfinite(slope) ? StopReason::no_descent : StopReason::not_finite};
  }
  x.device().ops().axpby(step_length_, direction_, 1, x);
  return {at.loss, StopReason::none};
}

void Lbfgs::resize_state(const std::function<Tensor(const Tensor&)>&) {
  *this = Lbfgs(options_);
}

}  // namespace gramgrad::nn
