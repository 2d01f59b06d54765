// The operators of the CPU device, as kernels/ops.h documents them. cpu_ops() lists them.
#pragma once

#include "kernels/ops.h"

namespace gramgrad::cpu {
#include "kernels/operators.inc"
}  // namespace gramgrad::cpu
