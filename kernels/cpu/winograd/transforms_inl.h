// B^T and A^T of points.h, on six vectors: one vector holds the same pixel of several channels.
#include "kernels/cpu/simd_inl.h"
#include "kernels/cpu/winograd/points.h"

// Included once for each instruction set: not an ordinary include guard.
#if defined(GRAMGRAD_KERNELS_CPU_WINOGRAD_TRANSFORMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_WINOGRAD_TRANSFORMS_INL_H_
#undef GRAMGRAD_KERNELS_CPU_WINOGRAD_TRANSFORMS_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_WINOGRAD_TRANSFORMS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

// B^T x. A row for each point p: the coefficients of prod over the other finite points q of (t -
// q), and at infinity the product over all of them, with ab = 1:
//    0: 1, 0, -(a^2 + b^2), 0, 1, 0
//   +a: 0, -b, -b^2,  a, 1, 0        +b: 0, -a, -a^2,  b, 1, 0
//   -a: 0,  b, -b^2, -a, 1, 0        -b: 0,  a, -a^2, -b, 1, 0
//  inf: 0, 1, 0, -(a^2 + b^2), 0, 1
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_inputs(D d, const V (&x)[6], V (&y)[6]) {
  namespace w = winograd;
  const V a = hn::Set(d, static_cast<float>(w::a));
  const V b = hn::Set(d, static_cast<float>(w::b));
  const V a2 = hn::Set(d, static_cast<float>(w::a2));
  const V b2 = hn::Set(d, static_cast<float>(w::b2));
  const V sum = hn::Set(d, static_cast<float>(w::a2 + w::b2));
  const V odd_a = hn::NegMulAdd(b2, x[1], x[3]);
  const V even_a = hn::NegMulAdd(b2, x[2], x[4]);
  const V odd_b = hn::NegMulAdd(a2, x[1], x[3]);
  const V even_b = hn::NegMulAdd(a2, x[2], x[4]);
  y[0] = hn::NegMulAdd(sum, x[2], hn::Add(x[0], x[4]));
  y[1] = hn::MulAdd(a, odd_a, even_a);
  y[2] = hn::NegMulAdd(a, odd_a, even_a);
  y[3] = hn::MulAdd(b, odd_b, even_b);
  y[4] = hn::NegMulAdd(b, odd_b, even_b);
  y[5] = hn::NegMulAdd(sum, x[3], hn::Add(x[1], x[5]));
}

// A^T x: row i holds p^i for each finite point p, times -a^2 for p = +-b, which the scale of G
// leaves over; infinity counts in the last row only.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_outputs(D d, const V (&x)[6], V (&y)[4]) {
  namespace w = winograd;
  const V a = hn::Set(d, static_cast<float>(w::a));
  const V b = hn::Set(d, static_cast<float>(w::b));
  const V a2 = hn::Set(d, static_cast<float>(w::a2));
  const V a3 = hn::Set(d, static_cast<float>(w::a3));
  const V sum_a = hn::Add(x[1], x[2]);
  const V difference_a = hn::Sub(x[1], x[2]);
  const V sum_b = hn::Add(x[3], x[4]);
  const V difference_b = hn::Sub(x[3], x[4]);
  y[0] = hn::NegMulAdd(a2, sum_b, hn::Add(x[0], sum_a));
  y[1] = hn::Mul(a, hn::Sub(difference_a, difference_b));
  y[2] = hn::MulSub(a2, sum_a, sum_b);
  y[3] = hn::MulAdd(a3, difference_a, hn::NegMulAdd(b, difference_b, x[5]));
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
