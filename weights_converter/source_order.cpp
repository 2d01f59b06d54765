// Steps between neighbours, and rows put together with them.
#include "weights_converter/source_order.h"

#include "kernels/check.h"

namespace gramgrad::converter {

Strides strides_of(WeightLayout layout, FlattenOrder flatten, const LayerShape& s) {
  const std::int64_t area = s.rows * s.columns;
  const std::int64_t row_elements = area * s.in;
  switch (layout) {
    case WeightLayout::oihw:
      return {row_elements, area, s.columns, 1};
    case WeightLayout::oiwh:
      return {row_elements, area, 1, s.rows};
    case WeightLayout::ohwi:
      return {row_elements, 1, s.columns * s.in, s.in};
    case WeightLayout::hwio:
      return {1, s.out, s.columns * s.in * s.out, s.in * s.out};
    case WeightLayout::oi:
      return flatten == FlattenOrder::chw ? Strides{row_elements, area, s.columns, 1}
                                          : Strides{row_elements, 1, s.columns * s.in, s.in};
    case WeightLayout::io:
      return flatten == FlattenOrder::chw
                 ? Strides{1, area * s.out, s.columns * s.out, s.out}
                 : Strides{1, s.out, s.columns * s.in * s.out, s.in * s.out};
  }
  fail("unknown order of weights");
}

// The innermost loop follows the source where its steps are dear.
std::vector<double> gather_rows(const Strides& strides, const LayerShape& s,
                                std::span<const float> from, std::int64_t base, std::int64_t first,
                                std::int64_t count) {
  const auto& [out_step, in_step, row_step, column_step] = strides;
  const std::int64_t row_elements = s.rows * s.columns * s.in;
  std::vector<double> values(static_cast<std::size_t>(count * row_elements));
  // Copies `length` numbers from `at` of the source to `to`, both with their steps.
  const auto copy = [&](std::int64_t to, std::int64_t to_step, std::int64_t at,
                        std::int64_t at_step, std::int64_t length) {
    for (std::int64_t k = 0; k < length; ++k) {
      values[static_cast<std::size_t>(to + k * to_step)] =
          from[static_cast<std::size_t>(at + k * at_step)];
    }
  };
  for (std::int64_t h = 0; h < s.rows; ++h) {
    for (std::int64_t w = 0; w < s.columns; ++w) {
      const std::int64_t at = first * out_step + h * row_step + w * column_step - base;
      const std::int64_t to = (h * s.columns + w) * s.in;
      if (out_step == 1) {
        for (std::int64_t i = 0; i < s.in; ++i) {
          copy(to + i, row_elements, at + i * in_step, 1, count);
        }
      } else {
        for (std::int64_t o = 0; o < count; ++o) {
          copy(to + o * row_elements, 1, at + o * out_step, in_step, s.in);
        }
      }
    }
  }
  return values;
}

}  // namespace gramgrad::converter
