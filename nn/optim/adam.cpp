// Adam: the operator does the arithmetic, this keeps the moments.
#include "nn/optim/adam.h"

#include <cmath>
#include <limits>

namespace gramgrad::nn {

Adam::Adam(const AdamOptions& options) : options_(options) {
  check(options.learning_rate > 0 && std::isfinite(options.learning_rate),
        "Adam: learning rate {} must be above 0", options.learning_rate);
  check(options.beta1 >= 0 && options.beta1 < 1 && options.beta2 >= 0 && options.beta2 < 1,
        "Adam: beta1 {} and beta2 {} must be in [0, 1)", options.beta1, options.beta2);
  check(options.epsilon > 0 && std::isfinite(options.epsilon), "Adam: epsilon {} must be above 0",
        options.epsilon);
}

StepResult Adam::step(Tensor& x, const Evaluate& evaluate) {
  if (steps_ > 0) {
    check_state(first_moment_, x);
  }
  const Evaluation at = evaluate_at(x, evaluate);
  if (!std::isfinite(at.loss) || !std::isfinite(read_.max_absolute(at.gradient))) {
    return {at.loss, StopReason::not_finite};
  }
  const Ops& ops = x.device().ops();
  if (steps_ == 0) {
    for (Tensor* moment : {&first_moment_, &second_moment_}) {
      *moment = Tensor(x.device(), x.shape(), x.dtype());
      ops.fill(*moment, 0);
    }
  }
  ++steps_;
  ops.adam_step({options_.learning_rate, options_.beta1, options_.beta2, options_.epsilon, steps_},
                at.gradient, first_moment_, second_moment_, x);
  return {at.loss, StopReason::none};
}

void Adam::resize_state(const std::function<Tensor(const Tensor&)>& resize) {
  if (steps_ == 0) {
    return;
  }
  first_moment_ = resize(first_moment_);
  second_moment_ = resize(second_moment_);
  // A bicubic filter overshoots, and the second moment goes under a square root.
  second_moment_.device().ops().clamp(second_moment_, 0, std::numeric_limits<double>::infinity());
}

}  // namespace gramgrad::nn
