// A convolution is computed in strips of rows, so that the full-resolution map that is needed only
// for a moment (before pooling; the gradient behind masks) is a strip that stays in the cache.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/parallel.h"

namespace gramgrad::cpu {

// Output rows, the input rows that they see, and the zero rows beyond the map's edges.
struct Strip {
  std::int64_t out_begin, out_end;
  std::int64_t in_begin, in_end;
  std::int64_t pad_top, pad_bottom;
};

struct StripGeometry {
  std::int64_t in_rows, out_rows;
  std::int64_t kernel, stride, padding;

  Strip strip(std::int64_t out_begin, std::int64_t out_end) const {
    const std::int64_t top = out_begin * stride - padding;
    const std::int64_t bottom = (out_end - 1) * stride - padding + kernel;
    return {.out_begin = out_begin,
            .out_end = out_end,
            .in_begin = std::max<std::int64_t>(0, top),
            .in_end = std::min(in_rows, bottom),
            .pad_top = std::max<std::int64_t>(0, -top),
            .pad_bottom = bottom - std::min(in_rows, bottom)};
  }
};

// Bytes of a strip's momentary map, at most: about the caches of a few cores.
constexpr std::int64_t strip_bytes = 4 << 20;

// Rows of a strip: even, so that no pooling window lies across two strips, and about equal.
inline std::int64_t rows_per_strip(std::int64_t rows, std::int64_t row_bytes) {
  const std::int64_t strips =
      ceil_div(rows, std::max<std::int64_t>(2, strip_bytes / std::max<std::int64_t>(1, row_bytes)));
  return ceil_div(ceil_div(rows, strips), 2) * 2;
}

}  // namespace gramgrad::cpu
