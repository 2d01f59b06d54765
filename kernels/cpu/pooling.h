// Pooling of one row of output pixels.
#pragma once

#include <cstdint>

#include "kernels/ops.h"

namespace gramgrad::cpu {

struct PoolRow {
  const float* x;         // the first of `window` input rows
  std::int64_t in_width;  // pixels in an input row
  std::int64_t out_width;
  std::int64_t channels;
  float* y;               // [out_width, channels]
  std::uint8_t* winners;  // as y, or null; maximum only
};
void pool_row(const Pool2dParams& params, const PoolRow& row);

}  // namespace gramgrad::cpu
