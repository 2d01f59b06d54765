// ReLU of vectors.
#include "kernels/cpu/simd_inl.h"

// Included once for each instruction set: not an ordinary include guard.
#if defined(GRAMGRAD_KERNELS_CPU_RELU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_RELU_INL_H_
#undef GRAMGRAD_KERNELS_CPU_RELU_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_RELU_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

// The comparison is false for NaN, which therefore stays.
template <class D>
HWY_INLINE hn::Vec<D> rectified(D d, hn::Vec<D> v) {
  return hn::IfThenElse(hn::Le(v, hn::Zero(d)), hn::Zero(d), v);
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
