// L-BFGS: the operator does the arithmetic, this keeps the history.
#include "nn/optim/lbfgs.h"

#include <algorithm>
#include <cmath>

#include "kernels/check.h"

namespace gramgrad::nn {
namespace {

// One more than pairs are kept.
std::int64_t ring_slots(int history, int steps) {
  return std::clamp(steps - 1, 1, history) + 1;
}

}  // namespace

std::int64_t lbfgs_pictures(int history, int steps) {
  return 2 * ring_slots(history, steps);
}

Lbfgs::Lbfgs(const LbfgsOptions& options) : options_(options) {
  check(options.learning_rate > 0 && std::isfinite(options.learning_rate),
        "L-BFGS: learning rate {} must be above 0", options.learning_rate);
  check(options.history >= 1 && options.history <= 1000,
        "L-BFGS: a history of {} pairs; choose 1 to 1000", options.history);
  check(options.tolerance_grad >= 0 && options.tolerance_change >= 0,
        "L-BFGS: tolerances {} and {} must not be negative", options.tolerance_grad,
        options.tolerance_change);
  check(options.step_limit > 0, "L-BFGS: step limit {} must be above 0", options.step_limit);
}

void Lbfgs::allocate(const Tensor& x, int steps) {
  const std::int64_t slots = ring_slots(options_.history, steps);
  s_ = Tensor(x.device(), {slots, x.size()}, x.dtype());
  y_ = Tensor(x.device(), {slots, x.size()}, x.dtype());
  shape_ = x.shape();
  make_state(x.device(), lbfgs_state_bytes(slots));
}

void Lbfgs::check_state(const Tensor& x) const {
  check_fits(s_, shape_, x);
}

void Lbfgs::move(Tensor& x, const Evaluation& at, const AfterStep& after) {
  const LbfgsParams params{options_.learning_rate, options_.tolerance_grad,
                           options_.tolerance_change, options_.step_limit};
  x.device().ops().lbfgs_step(params, after, at.loss, at.gradient, s_, y_, state_, x);
}

void Lbfgs::resize_state(const std::function<Tensor(const Tensor&)>&) {
  s_ = Tensor();
  y_ = Tensor();
  drop_state();
}

}  // namespace gramgrad::nn
