// Gradient descent with momentum, as torch.optim.SGD (no dampening, not Nesterov's form).
#pragma once

#include "nn/optim/optimizer.h"

namespace gramgrad::nn {

// learning_rate: in units of picture / gradient; depends on the loss's scale. momentum 0: none, and
// nothing is kept for it.
using SgdOptions = SgdParams;

// v = momentum v + g (v = g in the first step); x -= learning_rate v.
// Stops for no reason but not_finite.
class Sgd final : public Optimizer {
 public:
  // Throws Error for options out of range.
  explicit Sgd(const SgdOptions& options = {});

  // The velocity goes on at the new size.
  void resize_state(const std::function<Tensor(const Tensor&)>& resize) override;

 private:
  void allocate(const Tensor& x, int steps) override;
  void check_state(const Tensor& x) const override;
  void move(Tensor& x, const Evaluation& at, const AfterStep& after) override;

  SgdOptions options_;
  Tensor velocity_;  // undefined without momentum
};

}  // namespace gramgrad::nn
