// From the order in which a source stores a layer's weights to [out, row, column, in].
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "weights_converter/recognise.h"

namespace gramgrad::converter {

// Distance between neighbours in the source's tensor.
struct Strides {
  std::int64_t out, in, row, column;
};

Strides strides_of(WeightLayout layout, FlattenOrder flatten, const LayerShape& shape);

// Output rows [first, first + count), each [row, column, in]; `from` holds the source's elements
// from `base` on.
std::vector<double> gather_rows(const Strides& strides, const LayerShape& shape,
                                std::span<const float> from, std::int64_t base, std::int64_t first,
                                std::int64_t count);

}  // namespace gramgrad::converter
