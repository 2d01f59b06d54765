// How the factors of products are laid out: packing panels, transposing what is packed, and
// rounding rows to pairs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/panel_layout.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bf16_inl.h"
#include "kernels/cpu/panel_width_inl.h"

#include <algorithm>

#include "kernels/cpu/ceil_div.h"
#include "kernels/cpu/panels.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

std::int64_t panel_width_here() {
  return width;
}

void pack(const float* x, std::int64_t rows, std::int64_t columns, float* panels,
          std::int64_t panel_rows) {
  for (std::int64_t p = 0; p < rows; ++p) {
    for (std::int64_t c = 0; c < columns; c += width) {
      const float* from = x + p * columns + c;
      float* to = panels + c * panel_rows + p * width;
      const std::int64_t count = std::min(width, columns - c);
      if (count == width) {
        const hn::ScalableTag<float> d;
        for (std::int64_t i = 0; i < width; i += lanes) {
          hn::StoreU(hn::LoadU(d, from + i), d, to + i);
        }
      } else {
        std::copy_n(from, count, to);
        std::fill_n(to + count, width - count, 0.0F);
      }
    }
  }
}

void round_rows(const float* x, std::int64_t rows, std::int64_t columns, Bf16Pair* pairs) {
  const std::int64_t row_pairs = ceil_div(columns, 2);
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* from = x + r * columns;
    Bf16Pair* row = pairs + r * row_pairs;
    row[row_pairs - 1].second = {0};  // of an odd number of columns
    auto* to = reinterpret_cast<Bf16*>(row);
    for_each_vector(0, static_cast<std::size_t>(columns), [&](auto d, std::size_t c) HWY_ATTR {
      store(d, hn::LoadU(d, from + c), to + c);
    });
  }
}

#if HWY_TARGET != HWY_SCALAR
// A square of lanes x lanes floats. Block i (of 128 bits) of vector r is from row 4 i + r;
// transposing all blocks of four such vectors makes four whole columns.
template <class D>
HWY_INLINE void transpose_square(D d, const float* from, float* to) {
  using Block = hn::Vec<D>;
  const hn::RepartitionToWide<D> pairs;
  for (std::int64_t column = 0; column < lanes; column += 4) {
    Block rows[4];
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < 4; ++r) {
      rows[r] = hn::LoadDup128(d, from + r * width + column);
      const auto number = hn::ShiftRight<2>(hn::Iota(hn::RebindToSigned<D>(), 0));
#pragma GCC unroll 4
      for (std::int64_t i = 1; i < lanes / 4; ++i) {
        const auto here = hn::Eq(number, hn::Set(hn::RebindToSigned<D>(), static_cast<int>(i)));
        const Block block = hn::LoadDup128(d, from + (4 * i + r) * width + column);
        rows[r] = hn::IfThenElse(hn::RebindMask(d, here), block, rows[r]);
      }
    }
    const auto lower = [=](Block x, Block y)
                           HWY_ATTR { return hn::BitCast(pairs, hn::InterleaveLower(d, x, y)); };
    const auto upper = [=](Block x, Block y)
                           HWY_ATTR { return hn::BitCast(pairs, hn::InterleaveUpper(d, x, y)); };
    const auto low_01 = lower(rows[0], rows[1]);
    const auto low_23 = lower(rows[2], rows[3]);
    const auto high_01 = upper(rows[0], rows[1]);
    const auto high_23 = upper(rows[2], rows[3]);
    const auto store = [=](std::int64_t c, hn::Vec<decltype(pairs)> v)
                           HWY_ATTR { hn::Store(hn::BitCast(d, v), d, to + (column + c) * width); };
    store(0, hn::InterleaveLower(pairs, low_01, low_23));
    store(1, hn::InterleaveUpper(pairs, low_01, low_23));
    store(2, hn::InterleaveLower(pairs, high_01, high_23));
    store(3, hn::InterleaveUpper(pairs, high_01, high_23));
  }
}
#endif

void transpose(const float* panels, std::int64_t rows, std::int64_t columns, std::int64_t panel,
               float* transposed) {
  const std::int64_t first = panel * width;
  const std::int64_t present = std::min(width, rows - first);
  for (std::int64_t c = 0; c < columns; c += width) {
    const float* from = panels + c * rows + first * width;
    float* to = transposed + c * width;
#if HWY_TARGET != HWY_SCALAR
    if (present == width) {
      for (std::int64_t i = 0; i < width; i += lanes) {
        for (std::int64_t j = 0; j < width; j += lanes) {
          transpose_square(hn::ScalableTag<float>(), from + i * width + j, to + j * width + i);
        }
      }
      continue;
    }
#endif
    for (std::int64_t i = 0; i < width; ++i) {
      for (std::int64_t j = 0; j < width; ++j) {
        to[j * width + i] = i < present ? from[i * width + j] : 0.0F;
      }
    }
  }
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(panel_width_here);
HWY_EXPORT(pack);
HWY_EXPORT(round_rows);
HWY_EXPORT(transpose);

std::int64_t panel_width() {
  return HWY_DYNAMIC_DISPATCH(panel_width_here)();
}
std::int64_t padded_columns(std::int64_t columns) {
  const std::int64_t width = panel_width();
  return ceil_div(columns, width) * width;
}
void pack_panels(const float* x, std::int64_t rows, std::int64_t columns, float* panels,
                 std::int64_t panel_rows) {
  HWY_DYNAMIC_DISPATCH(pack)(x, rows, columns, panels, panel_rows);
}
void round_to_pairs(const float* x, std::int64_t rows, std::int64_t columns, Bf16Pair* pairs) {
  HWY_DYNAMIC_DISPATCH(round_rows)(x, rows, columns, pairs);
}
void transpose_panel(const float* panels, std::int64_t rows, std::int64_t columns,
                     std::int64_t panel, float* transposed) {
  HWY_DYNAMIC_DISPATCH(transpose)(panels, rows, columns, panel, transposed);
}

}  // namespace gramgrad::cpu
#endif
