// Adam: Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015; as torch.optim.Adam.
#pragma once

#include "nn/optim/optimizer.h"

namespace gramgrad::nn {

// learning_rate: the size of a step, in units of the picture.
using AdamOptions = AdamParams;

// Stops for no reason but not_finite.
class Adam final : public Optimizer {
 public:
  // Throws Error for options out of range.
  explicit Adam(const AdamOptions& options = {});

  // Both moments go on at the new size, and so does the count of steps.
  void resize_state(const std::function<Tensor(const Tensor&)>& resize) override;

 private:
  void allocate(const Tensor& x, int steps) override;
  void check_state(const Tensor& x) const override;
  void move(Tensor& x, const Evaluation& at, const AfterStep& after) override;

  AdamOptions options_;
  Tensor first_moment_;
  Tensor second_moment_;
};

}  // namespace gramgrad::nn
