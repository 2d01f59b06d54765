// Gradient descent with momentum.
#include "nn/optim/sgd.h"

#include <cmath>

namespace gramgrad::nn {

Sgd::Sgd(const SgdOptions& options) : options_(options) {
  check(options.learning_rate > 0 && std::isfinite(options.learning_rate),
        "SGD: learning rate {} must be above 0", options.learning_rate);
  check(options.momentum >= 0 && options.momentum < 1, "SGD: momentum {} must be in [0, 1)",
        options.momentum);
}

StepResult Sgd::step(Tensor& x, const Evaluate& evaluate) {
  if (velocity_.defined()) {
    check_state(velocity_, x);
  }
  const Evaluation at = evaluate_at(x, evaluate);
  if (!std::isfinite(at.loss) || !std::isfinite(read_.max_absolute(at.gradient))) {
    return {at.loss, StopReason::not_finite};
  }
  const Ops& ops = x.device().ops();
  if (options_.momentum == 0) {
    ops.axpby(-options_.learning_rate, at.gradient, 1, x);
    return {at.loss, StopReason::none};
  }
  if (velocity_.defined()) {
    ops.axpby(1, at.gradient, options_.momentum, velocity_);
  } else {
    velocity_ = Tensor(x.device(), x.shape(), x.dtype());
    ops.copy(at.gradient, velocity_);
  }
  ops.axpby(-options_.learning_rate, velocity_, 1, x);
  return {at.loss, StopReason::none};
}

void Sgd::resize_state(const std::function<Tensor(const Tensor&)>& resize) {
  if (velocity_.defined()) {
    velocity_ = resize(velocity_);
  }
}

}  // namespace gramgrad::nn
