// Products and stores of bf16 numbers. Highway 1.0 has neither in a processor's own instructions,
// so the two of AVX512-BF16 are wrapped here, each beside what the other instruction sets do
// instead. They are used where multiplies_bf16() (panels.h) says that the processor has them.
#include <cstdint>

#include "kernels/bf16.h"
#include "kernels/cpu/simd_inl.h"

// Included once for each instruction set: not an ordinary include guard.
#if defined(GRAMGRAD_KERNELS_CPU_BF16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_BF16_INL_H_
#undef GRAMGRAD_KERNELS_CPU_BF16_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_BF16_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

#if HWY_ARCH_X86 && HWY_MAX_BYTES == 64
constexpr std::size_t bf16_lanes = 16;  // of the vectors that the instructions take
#else
constexpr std::size_t bf16_lanes = 0;
#endif

// sum + x[1] y[1] + x[0] y[0] for pairs of bf16 numbers, each in an element of 32 bits. vdpbf16ps
// rounds the sums to nearest in this order, takes numbers below 2^-126 as 0 and writes such sums as
// 0, whatever the thread's settings are. Without it the small ones count, as in f32.
template <class D, class Pairs = hn::Vec<hn::Rebind<std::uint32_t, D>>>
HWY_INLINE hn::Vec<D> add_pair_products(D d, Pairs x, Pairs y, hn::Vec<D> sum) {
  if constexpr (hn::MaxLanes(D()) == bf16_lanes) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum.raw) : "v"(x.raw), "v"(y.raw));
    return sum;
  } else {
    const auto second = [d](Pairs pairs) HWY_ATTR {
      const hn::Rebind<std::uint32_t, D> integers;
      return hn::BitCast(d, hn::And(pairs, hn::Set(integers, 0xffff0000U)));
    };
    const auto first = [d](Pairs pairs)
                           HWY_ATTR { return hn::BitCast(d, hn::ShiftLeft<16>(pairs)); };
    return hn::MulAdd(first(x), first(y), hn::MulAdd(second(x), second(y), sum));
  }
}

// Rounds to nearest, ties to even, and a NaN stays one, as to_bf16() (kernels/bf16.h).
// vcvtneps2bf16 makes 0 of numbers below 2^-126; their products are 0 anyway.
template <class D>
HWY_INLINE void store(D, hn::Vec<D> values, Bf16* to) {
  const hn::Rebind<std::uint16_t, D> halves;
  hn::Vec<decltype(halves)> rounded;
  if constexpr (hn::MaxLanes(D()) == bf16_lanes) {
    asm("vcvtneps2bf16 %1, %0" : "=v"(rounded.raw) : "v"(values.raw));
  } else {
    const hn::Rebind<std::uint32_t, D> integers;
    const auto bits = hn::BitCast(integers, values);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(integers, 1));
    const auto sum = hn::Add(bits, hn::Add(odd, hn::Set(integers, 0x7fff)));
    const auto quiet = hn::Or(bits, hn::Set(integers, 0x400000));
    const auto number = hn::RebindMask(integers, hn::Eq(values, values));
    const auto upper = hn::ShiftRight<16>(hn::IfThenElse(number, sum, quiet));
    rounded = hn::DemoteTo(halves, hn::BitCast(hn::RebindToSigned<decltype(integers)>(), upper));
  }
  hn::StoreU(rounded, halves, &to->bits);
}

// The same for f32, so that one source serves both.
template <class D>
HWY_INLINE void store(D d, hn::Vec<D> values, float* to) {
  hn::StoreU(values, d, to);
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
