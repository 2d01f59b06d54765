// Masks of one bit for each channel (Conv2dOutputs::relu_mask), to and from vectors.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/simd_inl.h"

// Included once for each instruction set: not an ordinary include guard.
#if defined(GRAMGRAD_KERNELS_CPU_BITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_BITS_INL_H_
#undef GRAMGRAD_KERNELS_CPU_BITS_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_BITS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

// A mask of bits c, c+1, ...; c is a multiple of the number of lanes.
template <class D>
HWY_INLINE hn::Mask<D> mask_from_bits(D d, const std::uint8_t* bits, std::size_t c) {
  if constexpr (hn::MaxLanes(D()) >= 8) {
    return hn::LoadMaskBits(d, bits + c / 8);
  } else {
    const std::uint8_t shifted[8] = {static_cast<std::uint8_t>(bits[c / 8] >> (c % 8))};
    return hn::LoadMaskBits(d, shifted);
  }
}

// Writes bits c, c+1, ... of a pixel. A byte's bits are written in ascending order: the first ones
// clear the rest.
template <class D>
HWY_INLINE void store_bits(D d, hn::Mask<D> mask, std::uint8_t* bits, std::size_t c) {
  if constexpr (hn::MaxLanes(D()) >= 8) {
    hn::StoreMaskBits(d, mask, bits + c / 8);
  } else {
    std::uint8_t stored[8];
    hn::StoreMaskBits(d, mask, stored);
    const unsigned before = c % 8 == 0 ? 0 : bits[c / 8];
    bits[c / 8] = static_cast<std::uint8_t>(before | static_cast<unsigned>(stored[0]) << c % 8);
  }
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
