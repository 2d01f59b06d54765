// Gradient descent with momentum: the operator does the arithmetic, this keeps the velocity.
#include "nn/optim/sgd.h"

#include <cmath>

#include "kernels/check.h"

namespace gramgrad::nn {

Sgd::Sgd(const SgdOptions& options) : options_(options) {
  check(options.learning_rate > 0 && std::isfinite(options.learning_rate),
        "SGD: learning rate {} must be above 0", options.learning_rate);
  check(options.momentum >= 0 && options.momentum < 1, "SGD: momentum {} must be in [0, 1)",
        options.momentum);
}

void Sgd::allocate(const Tensor& x, int) {
  if (options_.momentum != 0) {
    velocity_ = Tensor(x.device(), x.shape(), x.dtype());
  }
  make_state(x.device(), sizeof(SgdState));
}

void Sgd::check_state(const Tensor& x) const {
  if (velocity_.defined()) {
    check_fits(velocity_, velocity_.shape(), x);
  }
}

void Sgd::move(Tensor& x, const Evaluation& at, const AfterStep& after) {
  x.device().ops().sgd_step(options_, after, at.loss, at.gradient, velocity_, state_, x);
}

void Sgd::resize_state(const std::function<Tensor(const Tensor&)>& resize) {
  if (velocity_.defined()) {
    velocity_ = resize(velocity_);
  }
}

}  // namespace gramgrad::nn
