// Gradient descent with momentum, as torch.optim.SGD (no dampening, not Nesterov's form).
#pragma once

#include "nn/optim/evaluation.h"
#include "nn/optim/optimizer.h"

namespace gramgrad::nn {

struct SgdOptions {
  double learning_rate = 0.01;  // in units of picture / gradient: depends on the loss's scale
  double momentum = 0.9;        // 0: none, and no state
};

// v = momentum v + g (v = g in the first step); x -= learning_rate v.
// Stops for no reason but not_finite.
class Sgd final : public Optimizer {
 public:
  // Throws Error for options out of range.
  explicit Sgd(const SgdOptions& options = {});

  StepResult step(Tensor& x, const Evaluate& evaluate) override;

  // The velocity goes on at the new size.
  void resize_state(const std::function<Tensor(const Tensor&)>& resize) override;

 private:
  SgdOptions options_;
  ScalarReader read_;
  Tensor velocity_;  // undefined before the first step
};

}  // namespace gramgrad::nn
