// The denominator of losses that are relative to their target.
#pragma once

#include <algorithm>

#include "kernels/ops.h"
#include "kernels/tensor.h"

namespace gramgrad::nn {

// ||x||^2, but at least 1e-12 an entry: a target without any features (a constant picture can have
// none) must not divide by zero. Synchronises.
inline double floored_squared_norm(const Tensor& x) {
  constexpr double smallest_mean_square = 1e-12;
  Tensor norm(x.device(), {1}, sum_type(x.dtype()));
  x.device().ops().dot(x, x, norm);
  return std::max(norm.item(), static_cast<double>(x.size()) * smallest_mean_square);
}

}  // namespace gramgrad::nn
