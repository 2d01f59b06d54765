// The pixels that the next tile needs, brought to the second-level cache while this one is worked
// on.
#include <cstdint>

#include "kernels/cpu/cache.h"
#include "kernels/cpu/simd_inl.h"

// Included once for each instruction set: not an ordinary include guard.
#if defined(GRAMGRAD_KERNELS_CPU_WINOGRAD_PREFETCH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_WINOGRAD_PREFETCH_INL_H_
#undef GRAMGRAD_KERNELS_CPU_WINOGRAD_PREFETCH_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_WINOGRAD_PREFETCH_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

// While the channels c, c+1, ... of a tile are worked on, a like part of the next tile's pixels, of
// which `next` is the first: `rows` rows of `columns` pixels. So each row is read in the order of
// memory, which processors see coming, and not pixel by pixel.
template <class D>
HWY_INLINE void prefetch_pixels(D d, std::size_t c, const float* next, std::int64_t rows,
                                std::int64_t row_stride, std::int64_t columns) {
  const std::int64_t part = columns * static_cast<std::int64_t>(hn::Lanes(d));
  next += static_cast<std::int64_t>(c) * columns;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < part; j += cache_line_floats) {
      __builtin_prefetch(next + i * row_stride + j, 0, 2);
    }
  }
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
