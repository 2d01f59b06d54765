// The optimisers by name: what a preset or a command line chooses from.
#pragma once

#include <memory>
#include <optional>

#include "nn/optim/adam.h"
#include "nn/optim/lbfgs.h"
#include "nn/optim/sgd.h"

namespace gramgrad::nn {

enum class OptimizerKind { lbfgs, adam, sgd };

// Options of all kinds; each kind reads its own. Their meaning is in lbfgs.h, adam.h and sgd.h.
struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::lbfgs;
  std::optional<double> learning_rate =
      {};  // unset: the kind's own (L-BFGS 1, Adam 0.02, SGD 0.01)
  int history = LbfgsOptions{}.history;
  double tolerance_grad = LbfgsOptions{}.tolerance_grad;
  double tolerance_change = LbfgsOptions{}.tolerance_change;
  double step_limit = LbfgsOptions{}.step_limit;
  double beta1 = AdamOptions{}.beta1;
  double beta2 = AdamOptions{}.beta2;
  double epsilon = AdamOptions{}.epsilon;
  double momentum = SgdOptions{}.momentum;
};

// Throws Error for options out of range.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options);

}  // namespace gramgrad::nn
