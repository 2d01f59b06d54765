// Adam: the operator does the arithmetic, this keeps the moments.
#include "nn/optim/adam.h"

#include <cmath>
#include <limits>

#include "kernels/check.h"

namespace gramgrad::nn {

Adam::Adam(const AdamOptions& options) : options_(options) {
  check(options.learning_rate > 0 && std::isfinite(options.learning_rate),
        "Adam: learning rate {} must be above 0", options.learning_rate);
  check(options.beta1 >= 0 && options.beta1 < 1 && options.beta2 >= 0 && options.beta2 < 1,
        "Adam: beta1 {} and beta2 {} must be in [0, 1)", options.beta1, options.beta2);
  check(options.epsilon > 0 && std::isfinite(options.epsilon), "Adam: epsilon {} must be above 0",
        options.epsilon);
}

void Adam::allocate(const Tensor& x, int) {
  for (Tensor* moment : {&first_moment_, &second_moment_}) {
    *moment = Tensor(x.device(), x.shape(), x.dtype());
    x.device().ops().fill(*moment, 0);
  }
  make_state(x.device(), sizeof(AdamState));
}

void Adam::check_state(const Tensor& x) const {
  check_fits(first_moment_, first_moment_.shape(), x);
}

void Adam::move(Tensor& x, const Evaluation& at, const AfterStep& after) {
  x.device().ops().adam_step(options_, after, at.loss, at.gradient, first_moment_, second_moment_,
                             state_, x);
}

void Adam::resize_state(const std::function<Tensor(const Tensor&)>& resize) {
  if (!state_.defined()) {
    return;
  }
  first_moment_ = resize(first_moment_);
  second_moment_ = resize(second_moment_);
  // A bicubic filter overshoots, and the second moment goes under a square root.
  second_moment_.device().ops().clamp(second_moment_, 0, std::numeric_limits<double>::infinity());
}

}  // namespace gramgrad::nn
