// The operators of the CUDA device, as kernels/ops.h documents them, f32, and bf16 for maps.
// cuda_ops() lists them.
#pragma once

#include "kernels/ops.h"

namespace gramgrad::cuda {
#include "kernels/operators.inc"
}  // namespace gramgrad::cuda
