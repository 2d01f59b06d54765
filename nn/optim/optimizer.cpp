// The sentences for people behind the stop reasons.
#include "nn/optim/optimizer.h"

#include "kernels/check.h"

namespace gramgrad::nn {

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
