// L-BFGS with a fixed step: without a limit, number for number torch.optim.LBFGS without line
// search.
// Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980; Liu & Nocedal 1989.
#pragma once

#include <limits>

#include "nn/optim/optimizer.h"

namespace gramgrad::nn {

struct LbfgsOptions {
  double learning_rate = 1;  // t; the first step has t = min(1, 1/||g||_1) * learning_rate
  int history = 20;          // pairs (s, y) kept; each takes twice the memory of the picture
  // Stop conditions as in PyTorch, which has 1e-7 and 1e-9. At 0 only the degenerate cases stop: a
  // gradient or a step of exact zeros, a direction that leads up.
  double tolerance_grad = 0;
  double tolerance_change = 0;
  // The most that an element of x changes in a step. Without it, where curvature along the last
  // step is close to 0, as it can be after the tiny first step, the next one may go anywhere.
  double step_limit = std::numeric_limits<double>::infinity();
};

// All scalars (dot products, step lengths) stay on the device, as f64.
//
// n calls of step() are one torch step() with max_iter = n: what torch checks after its evaluation
// at the end of an iteration is checked here at the beginning of the next step, so a step that
// stops leaves x as it is. Stepping again after a stop evaluates and judges again.
class Lbfgs final : public Optimizer {
 public:
  // Throws Error for options out of range.
  explicit Lbfgs(const LbfgsOptions& options = {});

  // Forgets everything: pairs (s, y) were measured on another function, whose variables and
  // curvatures are not those of the picture at the new size. The next step is a first step again.
  void resize_state(const std::function<Tensor(const Tensor&)>& resize) override;

 private:
  // n steps learn n - 1 pairs; no more are given room.
  void allocate(const Tensor& x, int steps) override;
  void check_state(const Tensor& x) const override;
  void move(Tensor& x, const Evaluation& at, const AfterStep& after) override;

  LbfgsOptions options_;
  Tensor s_;     // changes of x: a ring [pairs + 1, x.size()]
  Tensor y_;     // changes of the gradient
  Shape shape_;  // of x
};

// Pictures that L-BFGS keeps for so many steps.
std::int64_t lbfgs_pictures(int history, int steps);

}  // namespace gramgrad::nn
