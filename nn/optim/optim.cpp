// From options to an optimiser.
#include "nn/optim/optim.h"

namespace gramgrad::nn {

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& o) {
  switch (o.kind) {
    case OptimizerKind::lbfgs:
      return std::make_unique<Lbfgs>(
          LbfgsOptions{o.learning_rate.value_or(LbfgsOptions{}.learning_rate), o.history,
                       o.tolerance_grad, o.tolerance_change, o.step_limit});
    case OptimizerKind::adam:
      return std::make_unique<Adam>(AdamOptions{
          o.learning_rate.value_or(AdamOptions{}.learning_rate), o.beta1, o.beta2, o.epsilon});
    case OptimizerKind::sgd:
      return std::make_unique<Sgd>(
          SgdOptions{o.learning_rate.value_or(SgdOptions{}.learning_rate), o.momentum});
  }
  fail("make_optimizer: {} is no kind of optimiser", static_cast<int>(o.kind));
}

}  // namespace gramgrad::nn
