// The reference device's operators, one file a family. kernels/ops.h has their contracts.
//
// All are plain loops over element type T, f32 or f64, that compute in double and round once, when
// they store: for f32 too, so that an f32 result is the exact one, rounded.
#pragma once

#include "kernels/ops.h"

namespace gramgrad::reference {
#include "kernels/operators.inc"
}  // namespace gramgrad::reference
