// Adam: Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015; as torch.optim.Adam.
#pragma once

#include <cstdint>

#include "nn/optim/evaluation.h"
#include "nn/optim/optimizer.h"

namespace gramgrad::nn {

struct AdamOptions {
  double learning_rate = 0.02;  // the size of a step, in units of the picture
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

// Stops for no reason but not_finite.
class Adam final : public Optimizer {
 public:
  // Throws Error for options out of range.
  explicit Adam(const AdamOptions& options = {});

  StepResult step(Tensor& x, const Evaluate& evaluate) override;

  // Both moments go on at the new size, and so does the count of steps.
  void resize_state(const std::function<Tensor(const Tensor&)>& resize) override;

 private:
  AdamOptions options_;
  ScalarReader read_;
  Tensor first_moment_;
  Tensor second_moment_;
  std::int64_t steps_ = 0;
};

}  // namespace gramgrad::nn
