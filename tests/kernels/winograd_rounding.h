// How far rounding to bf16 before the products takes Winograd's convolution from the exact one.
#pragma once

#include <cstdint>

#include "tests/kernels/cases.h"

namespace gramgrad::tests {

// Relative L2 error that a result of that many numbers may have, forward or the gradient of the
// input.
double allowed_bf16_l2(const Conv2dSize& size, bool gradient, std::int64_t numbers);

}  // namespace gramgrad::tests
