// The hand-written operators that multiply on tensor cores.
#pragma once

#include "kernels/ops.h"

namespace gramgrad::cuda {

// Puts the Gram operators that use them into a table: f32 factors are rounded to 10 bits of
// mantissa (TF32), bf16 factors are taken as they are, sums are f32. For GPUs from compute
// capability 8.0.
void use_tensor_cores(Ops& ops);

}  // namespace gramgrad::cuda
