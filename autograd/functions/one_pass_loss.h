// Losses whose operator computes value and gradient in one pass over the input.
#pragma once

#include "autograd/node.h"

namespace gramgrad::autograd {

// compute(loss, dx): writes the loss [1] and, where dx is not null, its gradient in x's shape.
template <typename Compute>
Variable one_pass_loss(std::string_view name, const Variable& x, Compute&& compute) {
  Tensor loss(x.device(), {1}, sum_type(x.value().dtype()));
  Tensor dx;
  if (x.requires_grad()) {
    dx = Tensor(x.device(), x.shape(), x.value().dtype());
  }
  compute(loss, dx.defined() ? &dx : nullptr);
  return record(name, std::move(loss), {x}, [dx](Backward& step) {
    step.into(0, [&](Tensor& gradient, WriteMode mode) {
      gradient.device().ops().multiply_scalar(step.dy(), dx, gradient, mode);
    });
  });
}

}  // namespace gramgrad::autograd
