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

// sums[0..lanes) += values
HWY_INLINE void add_in_f64(V values, double* sums) {
  const hn::ScalableTag<double> wide;
  const hn::Rebind<float, decltype(wide)> narrow;
  HWY_ALIGN float stored[lanes];
  hn::Store(values, Tag(), stored);
  for (std::size_t i = 0; i < lanes; i += hn::Lanes(wide)) {
    const auto promoted = hn::PromoteTo(wide, hn::Load(narrow, stored + i));
    hn::Store(hn::Add(hn::Load(wide, sums + i), promoted), wide, sums + i);
  }
}

void add_transposed(const Rows& a, const Rows& b, std::int64_t count, double* sums,
                    std::int64_t sums_stride, const BytesAhead& ahead) {
  V tile[rows][2];
  clear(tile);
  const float* from_a = a.first;
  const float* from_b = b.first;
  const auto* soon = reinterpret_cast<const char*>(ahead.memory != nullptr ? ahead.memory : from_a);
  for (std::int64_t p = 0; p < count; ++p) {
    __builtin_prefetch(soon, 0, 2);
    soon += ahead.step;
    add_outer_product(from_a, 1, from_b, 0, tile);
    from_a += a.stride;
    from_b += b.stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    add_in_f64(tile[r][0], sums + r * sums_stride);
    add_in_f64(tile[r][1], sums + r * sums_stride + lanes);
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
void add_transposed_product(const Rows& a, const Rows& b, std::int64_t count, double* sums,
                            std::int64_t sums_stride, const BytesAhead& ahead) {
  HWY_DYNAMIC_DISPATCH(add_transposed)(a, b, count, sums, sums_stride, ahead);
}

}  // namespace gramgrad::cpu
#endif
