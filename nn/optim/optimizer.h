// What the optimisers have in common: one iteration at a time on a picture that they change in
// place.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "kernels/tensor.h"

namespace gramgrad::nn {

// The loss at the current x, and its gradient in x's shape. The gradient may be overwritten by the
// next evaluation.
struct Evaluation {
  double loss;
  Tensor gradient;
};
using Evaluate = std::function<Evaluation()>;

// Why an optimiser will not go on. Each has a sentence for people: describe().
enum class StopReason {
  none,
  gradient_tolerance,  // max |g| <= tolerance_grad
  no_descent,          // the directional derivative g.d is above -tolerance_change
  step_tolerance,      // max |t d| <= tolerance_change
  loss_tolerance,      // |loss - previous loss| < tolerance_change
  not_finite,          // loss or gradient is NaN or infinite; x is as before the step
};
std::string_view describe(StopReason reason);

struct StepResult {
  double loss;  // at the x that the step started from
  StopReason stop = StopReason::none;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // One iteration: evaluates once at x, then changes x in place (unless it stops).
  virtual StepResult step(Tensor& x, const Evaluate& evaluate) = 0;

  // x goes on at another size: `resize` brings a state tensor of the old size to the new one.
  // State that has no meaning at another size is dropped.
  virtual void resize_state(const std::function<Tensor(const Tensor&)>& resize) = 0;
};

}  // namespace gramgrad::nn
