// What the optimisers have in common: one iteration at a time on a picture that they change in
// place. What a step decides, it decides on the device: nothing here waits for it but result().
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string_view>

#include "kernels/ops.h"

namespace gramgrad::nn {

// The loss [1] at the current x, and its gradient in x's shape, of x's type. Both may be
// overwritten by the next evaluation.
struct Evaluation {
  Tensor loss;
  Tensor gradient;
};
using Evaluate = std::function<Evaluation()>;

// Why an optimiser will not go on. Each has a sentence for people: describe().
using gramgrad::StopReason;
std::string_view describe(StopReason reason);

struct StepResult {
  double loss;  // at the x that the step started from
  StopReason stop = StopReason::none;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // There will be at most `steps` steps until resize_state(): some optimisers then need less
  // memory.
  void expect_steps(int steps) { expected_steps_ = steps; }

  // Enqueues one iteration: evaluates once at x, then changes x in place (unless it stops) and does
  // with it what `after` says. State is allocated in the first step after the evaluation, when what
  // that needed for a moment is free again. Throws Error where the evaluation is not of x's shape
  // and type, and where state of another shape meets x.
  void step(Tensor& x, const Evaluate& evaluate, const AfterStep& after = {});

  // Of the last step. Waits for the device.
  StepResult result() const;
  // On the device, u8: a StepStatus and what else the optimiser keeps of numbers. Undefined before
  // the first step.
  const Tensor& state() const { return state_; }

  // x goes on at another size: `resize` brings a state tensor of the old size to the new one.
  // State that has no meaning at another size is dropped.
  virtual void resize_state(const std::function<Tensor(const Tensor&)>& resize) = 0;

 protected:
  // Throws Error where `state`, made for pictures of that shape, does not fit x: the caller forgot
  // resize_state().
  static void check_fits(const Tensor& state, const Shape& shape, const Tensor& x);
  // A state of that many bytes, zero.
  void make_state(const Device& device, std::int64_t bytes);
  void drop_state() { state_ = Tensor(); }

  Tensor state_;

 private:
  virtual void allocate(const Tensor& x, int steps) = 0;
  // By check_fits.
  virtual void check_state(const Tensor& x) const = 0;
  virtual void move(Tensor& x, const Evaluation& at, const AfterStep& after) = 0;

  int expected_steps_ = std::numeric_limits<int>::max();
};

}  // namespace gramgrad::nn
