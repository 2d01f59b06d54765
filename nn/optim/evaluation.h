// What every optimiser does first in a step: evaluate, check what came back, read numbers from it.
#pragma once

#include <cmath>

#include "kernels/check.h"
#include "kernels/ops.h"
#include "nn/optim/optimizer.h"

namespace gramgrad::nn {

// Reductions of device tensors, read to the host. Each read waits for the device; the one scalar
// that they pass through is allocated once.
class ScalarReader {
 public:
  double dot(const Tensor& x, const Tensor& y) {
    x.device().ops().dot(x, y, scalar_for(x));
    return scalar_.item();
  }
  double sum_absolute(const Tensor& x) {
    x.device().ops().sum_absolute(x, scalar_for(x));
    return scalar_.item();
  }
  double max_absolute(const Tensor& x) {
    x.device().ops().max_absolute(x, scalar_for(x));
    return scalar_.item();
  }

 private:
  Tensor& scalar_for(const Tensor& x) {
    if (!scalar_.defined() || scalar_.dtype() != x.dtype() || !(scalar_.device() == x.device())) {
      scalar_ = Tensor(x.device(), {1}, x.dtype());
    }
    return scalar_;
  }

  Tensor scalar_;
};

// The evaluation at x. Throws Error where the gradient is not of x's shape and type.
inline Evaluation evaluate_at(const Tensor& x, const Evaluate& evaluate) {
  Evaluation evaluation = evaluate();
  const Tensor& g = evaluation.gradient;
  check(g.defined() && g.shape() == x.shape() && g.dtype() == x.dtype(),
        "the gradient given to an optimiser must be {} of {}, like the picture",
        x.shape().to_string(), name_of(x.dtype()));
  return evaluation;
}

// Throws Error where state of another shape or type meets x: the caller forgot resize_state().
inline void check_state(const Tensor& state, const Tensor& x) {
  check(state.shape() == x.shape() && state.dtype() == x.dtype() && state.device() == x.device(),
        "the optimiser's state is {} of {} and the picture {} of {}: call resize_state() first",
        state.shape().to_string(), name_of(state.dtype()), x.shape().to_string(),
        name_of(x.dtype()));
}

}  // namespace gramgrad::nn
