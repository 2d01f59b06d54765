// Resizing is separable and linear: along each axis every output is a weighted sum of a few inputs.
// These are the sums' terms, shared by all devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/ops.h"

namespace gramgrad {

struct ResizeTap {
  std::int64_t source;
  double weight;
};

// The terms of each output along one axis: a sparse matrix [outputs, inputs], row by row.
class ResizeTaps {
 public:
  void add_row(std::span<const ResizeTap> row);
  std::int64_t rows() const { return static_cast<std::int64_t>(ends_.size()); }
  std::span<const ResizeTap> row(std::int64_t output) const;

 private:
  std::vector<ResizeTap> taps_;
  std::vector<std::size_t> ends_;  // of each row, in taps_
};

// From `in` >= 1 to `out` >= 1 pixels. Sources lie in [0, in), and each row's weights sum to 1.
ResizeTaps resize_taps(ResizeFilter filter, std::int64_t in, std::int64_t out);

// The transposed matrix, with `inputs` rows: what each input contributes to.
ResizeTaps transposed(const ResizeTaps& taps, std::int64_t inputs);

}  // namespace gramgrad
