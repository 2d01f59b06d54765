// What becomes of the picture in the pass that moves it (AfterStep), with vectors. Included once
// for each instruction set.
#include "kernels/cpu/simd_inl.h"

#include "kernels/cpu/steps.h"

#if defined(GRAMGRAD_KERNELS_CPU_AFTER_STEP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_AFTER_STEP_INL_H_
#undef GRAMGRAD_KERNELS_CPU_AFTER_STEP_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_AFTER_STEP_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

// x[i...] = value, clamped (written with comparisons, which are false for NaN), and its average.
template <typename D, typename V>
HWY_INLINE void move_to(const MovedPicture& picture, D d, V value, std::size_t i) {
  const auto low = hn::Set(d, picture.low);
  const auto high = hn::Set(d, picture.high);
  value = hn::IfThenElse(hn::Lt(value, low), low, value);
  value = hn::IfThenElse(hn::Gt(value, high), high, value);
  hn::StoreU(value, d, picture.x + i);
  if (picture.average != nullptr) {
    const auto kept = hn::Mul(hn::Set(d, picture.decay), hn::LoadU(d, picture.average + i));
    hn::StoreU(hn::MulAdd(hn::Set(d, picture.rest), value, kept), d, picture.average + i);
  }
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
