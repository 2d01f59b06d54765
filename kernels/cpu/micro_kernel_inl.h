// What micro-kernels are made of: a tile of sums stays in registers while the inner dimension
// passes by. Included once for each instruction set.
#include <bit>
#include <cstdint>

#include "kernels/cpu/bf16_inl.h"
#include "kernels/cpu/panel_width_inl.h"
#include "kernels/cpu/panels.h"

#if defined(GRAMGRAD_KERNELS_CPU_MICRO_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_MICRO_KERNEL_INL_H_
#undef GRAMGRAD_KERNELS_CPU_MICRO_KERNEL_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_MICRO_KERNEL_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;

// Vectors of the factors, and what the micro-kernels do with them.
using Pairs = hn::Vec<hn::Rebind<std::uint32_t, Tag>>;
HWY_INLINE V load(const float* b) {
  return hn::Load(Tag(), b);
}
HWY_INLINE Pairs load(const Bf16Pair* b) {
  return hn::Load(hn::Rebind<std::uint32_t, Tag>(), reinterpret_cast<const std::uint32_t*>(b));
}
HWY_INLINE V broadcast(float a) {
  return hn::Set(Tag(), a);
}
HWY_INLINE Pairs broadcast(Bf16Pair a) {
  return hn::Set(hn::Rebind<std::uint32_t, Tag>(), std::bit_cast<std::uint32_t>(a));
}
HWY_INLINE V add_products(V a, V b, V sum) {
  return hn::MulAdd(a, b, sum);
}
HWY_INLINE V add_products(Pairs a, Pairs b, V sum) {
  return add_pair_products(Tag(), a, b, sum);
}

// Every loop over sums is unrolled by command: only then do they live in registers.
template <int rows, int vectors>
HWY_INLINE void clear(V (&sums)[rows][vectors]) {
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      sums[r][v] = hn::Zero(Tag());
    }
  }
}

template <int rows, int vectors>
HWY_INLINE void copy(const V (&sums)[rows][vectors], V (&to)[rows][vectors]) {
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      to[r][v] = sums[r][v];
    }
  }
}

// to += sums
template <int rows, int vectors>
HWY_INLINE void add(const V (&sums)[rows][vectors], V (&to)[rows][vectors]) {
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      to[r][v] = hn::Add(to[r][v], sums[r][v]);
    }
  }
}

// sums[r][v] += a[r * a_stride] b[v], where v counts the vectors of one row of all panels.
template <int rows, int vectors, class T>
HWY_INLINE void add_outer_product(const T* HWY_RESTRICT a, std::int64_t a_stride,
                                  const T* HWY_RESTRICT b, std::int64_t panel_stride,
                                  V (&sums)[rows][vectors]) {
  decltype(load(b)) factors[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    factors[v] = load(b + v / 2 * panel_stride + v % 2 * lanes);
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    const auto factor = broadcast(a[r * a_stride]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      sums[r][v] = add_products(factor, factors[v], sums[r][v]);
    }
  }
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
