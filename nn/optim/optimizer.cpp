// The frame of every optimiser's step, and the sentences for people behind the stop reasons.
#include "nn/optim/optimizer.h"

#include <cstring>

#include "kernels/check.h"
#include "kernels/profile_range.h"

namespace gramgrad::nn {

void Optimizer::step(Tensor& x, const Evaluate& evaluate, const AfterStep& after) {
  if (state_.defined()) {
    check_state(x);
  }
  const Evaluation at = evaluate();
  const Tensor& g = at.gradient;
  check(g.defined() && g.shape() == x.shape() && g.dtype() == x.dtype(),
        "the gradient given to an optimiser must be {} of {}, like the picture",
        x.shape().to_string(), name_of(x.dtype()));
  const ProfileRange range("optimiser step");
  if (!state_.defined()) {
    allocate(x, expected_steps_);
  }
  move(x, at, after);
}

StepResult Optimizer::result() const {
  check(state_.defined(), "an optimiser has no result before its first step");
  const std::vector<std::uint8_t> bytes = state_.to_host<std::uint8_t>();
  StepStatus status;
  std::memcpy(&status, bytes.data(), sizeof status);
  return {status.loss, status.stop};
}

void Optimizer::check_fits(const Tensor& state, const Shape& shape, const Tensor& x) {
  check(shape == x.shape() && state.dtype() == x.dtype() && state.device() == x.device(),
        "the optimiser's state is for {} of {} and the picture is {} of {}: call resize_state() "
        "first",
        shape.to_string(), name_of(state.dtype()), x.shape().to_string(), name_of(x.dtype()));
}

void Optimizer::make_state(const Device& device, std::int64_t bytes) {
  const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(bytes));
  state_ = Tensor::from_host<std::uint8_t>(device, {bytes}, DType::u8, zeros);
}

std::string_view describe(StopReason reason) {
  switch (reason) {
    case StopReason::none:
      return "not stopped";
    case StopReason::gradient_tolerance:
      return "converged: no entry of the gradient is larger than the gradient tolerance";
    case StopReason::no_descent:
      return "no direction leads down: the loss is not smooth here, or rounding hides its slope";
    case StopReason::step_tolerance:
      return "converged: the last step changed no value by more than the change tolerance";
    case StopReason::loss_tolerance:
      return "converged: the last step changed the loss by less than the change tolerance";
    case StopReason::not_finite:
      return "the loss or its gradient is NaN or infinite: try a smaller learning rate or weights";
  }
  fail("describe: {} is no stop reason", static_cast<int>(reason));
}

}  // namespace gramgrad::nn
