// The micro-kernel of contractions.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/transposed_product.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/micro_kernel_inl.h"

#include "kernels/cpu/panels.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// 8 x 2 vectors with AVX-512, 4 x 2 without: the rows must divide the width, which is 2 without
// vectors.
constexpr int rows = lanes == 16 ? 8 : lanes == 1 ? 2 : 4;
static_assert(width % rows == 0);

std::int64_t rows_here() {
  return rows;
}

// sums[0..lanes) (+)= values
HWY_INLINE void add_in_f64(V values, double* sums, bool accumulate) {
  const hn::ScalableTag<double> wide;
  const hn::Rebind<float, decltype(wide)> narrow;
  HWY_ALIGN float stored[lanes];
  hn::Store(values, Tag(), stored);
  for (std::size_t i = 0; i < lanes; i += hn::Lanes(wide)) {
    const auto promoted = hn::PromoteTo(wide, hn::Load(narrow, stored + i));
    const auto sum = accumulate ? hn::Add(hn::Load(wide, sums + i), promoted) : promoted;
    hn::Store(sum, wide, sums + i);
  }
}

// Rows that lie far apart are nothing that the processor would prefetch into the first-level cache.
constexpr std::int64_t rows_ahead = 16;

// The last `vectors` of b's two.
template <int vectors>
HWY_INLINE void add_columns(const TransposedProduct& m) {
  constexpr std::int64_t first = (2 - vectors) * lanes;
  V tile[rows][vectors];
  clear(tile);
  const float* a = m.a.first;
  const float* b = m.b.first + first;
  const auto* soon = reinterpret_cast<const char*>(m.ahead.memory != nullptr ? m.ahead.memory : a);
  for (std::int64_t p = 0; p < m.count; ++p) {
    __builtin_prefetch(soon, 0, 2);
    soon += m.ahead.step;
    __builtin_prefetch(a + rows_ahead * m.a.stride, 0, 3);
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      __builtin_prefetch(b + rows_ahead * m.b.stride + v * lanes, 0, 3);
    }
    add_outer_product(a, 1, b, 0, tile);
    a += m.a.stride;
    b += m.b.stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      add_in_f64(tile[r][v], m.sums + r * m.sums_stride + first + v * lanes, m.accumulate);
    }
  }
}

void add_transposed(const TransposedProduct& product) {
  if (product.second_half) {
    add_columns<1>(product);
  } else {
    add_columns<2>(product);
  }
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(rows_here);
HWY_EXPORT(add_transposed);

std::int64_t contraction_rows() {
  return HWY_DYNAMIC_DISPATCH(rows_here)();
}
void add_transposed_product(const TransposedProduct& product) {
  HWY_DYNAMIC_DISPATCH(add_transposed)(product);
}

}  // namespace gramgrad::cpu
#endif
