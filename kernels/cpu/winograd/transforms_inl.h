// B^T and A^T of points.h, on six or eight vectors: one vector holds the same pixel of several
// channels.
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
// q), and at infinity the product over all of them. For 4 outputs, with ab = 1:
//    0: 1, 0, -(a^2 + b^2), 0, 1, 0
//   +a: 0, -b, -b^2,  a, 1, 0        +b: 0, -a, -a^2,  b, 1, 0
//   -a: 0,  b, -b^2, -a, 1, 0        -b: 0,  a, -a^2, -b, 1, 0
//  inf: 0, 1, 0, -(a^2 + b^2), 0, 1
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_inputs(D d, const V (&x)[6], V (&y)[6]) {
  using P = winograd::Points<4>;
  const V a = hn::Set(d, static_cast<float>(P::a));
  const V b = hn::Set(d, static_cast<float>(P::b));
  const V a2 = hn::Set(d, static_cast<float>(P::a2));
  const V b2 = hn::Set(d, static_cast<float>(P::b2));
  const V sum = hn::Set(d, static_cast<float>(P::a2 + P::b2));
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

// For 6 outputs:
//    0: 1, 0, -21/4, 0, 21/4, 0, -1, 0
//  +-1:  0, +-1,   1, -+17/4, -17/4, +-1, 1, 0
// +-1/2: 0, +-2,   4, -+5/2,    -5, +-1/2, 1, 0
//  +-2:  0, +-1/2, 1/4, -+5/2, -5/4, +-2, 1, 0
//  inf:  0, -1,   0, 21/4,      0, -21/4, 0, 1
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_inputs(D d, const V (&x)[8], V (&y)[8]) {
  const V half = hn::Set(d, 0.5F);
  const V two = hn::Set(d, 2.0F);
  const V quarter = hn::Set(d, 0.25F);
  const V four = hn::Set(d, 4.0F);
  const V sum_1 = hn::Set(d, 4.25F);  // of the squares of the other two
  const V sum_half = hn::Set(d, 5.0F);
  const V sum_2 = hn::Set(d, 1.25F);
  const V all = hn::Set(d, 5.25F);
  y[0] = hn::MulAdd(all, hn::Sub(x[4], x[2]), hn::Sub(x[0], x[6]));
  const V odd_1 = hn::NegMulAdd(sum_1, x[3], hn::Add(x[1], x[5]));
  const V even_1 = hn::NegMulAdd(sum_1, x[4], hn::Add(x[2], x[6]));
  y[1] = hn::Add(even_1, odd_1);
  y[2] = hn::Sub(even_1, odd_1);
  const V odd_half = hn::MulAdd(four, x[1], hn::NegMulAdd(sum_half, x[3], x[5]));
  const V even_half = hn::MulAdd(four, x[2], hn::NegMulAdd(sum_half, x[4], x[6]));
  y[3] = hn::MulAdd(half, odd_half, even_half);
  y[4] = hn::NegMulAdd(half, odd_half, even_half);
  const V odd_2 = hn::MulAdd(quarter, x[1], hn::NegMulAdd(sum_2, x[3], x[5]));
  const V even_2 = hn::MulAdd(quarter, x[2], hn::NegMulAdd(sum_2, x[4], x[6]));
  y[5] = hn::MulAdd(two, odd_2, even_2);
  y[6] = hn::NegMulAdd(two, odd_2, even_2);
  y[7] = hn::MulAdd(all, hn::Sub(x[3], x[5]), hn::Sub(x[7], x[1]));
}

// A^T x: row i holds p^i for each finite point p; infinity counts in the last row only. For 4
// outputs p = +-b have the factor -a^2, which the scale of G leaves over.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_outputs(D d, const V (&x)[6], V (&y)[4]) {
  using P = winograd::Points<4>;
  const V a = hn::Set(d, static_cast<float>(P::a));
  const V b = hn::Set(d, static_cast<float>(P::b));
  const V a2 = hn::Set(d, static_cast<float>(P::a2));
  const V a3 = hn::Set(d, static_cast<float>(P::a3));
  const V sum_a = hn::Add(x[1], x[2]);
  const V difference_a = hn::Sub(x[1], x[2]);
  const V sum_b = hn::Add(x[3], x[4]);
  const V difference_b = hn::Sub(x[3], x[4]);
  y[0] = hn::NegMulAdd(a2, sum_b, hn::Add(x[0], sum_a));
  y[1] = hn::Mul(a, hn::Sub(difference_a, difference_b));
  y[2] = hn::MulSub(a2, sum_a, sum_b);
  y[3] = hn::MulAdd(a3, difference_a, hn::NegMulAdd(b, difference_b, x[5]));
}

// For 6 outputs p = +-2 have the factor 1/16.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_outputs(D d, const V (&x)[8], V (&y)[6]) {
  const auto times = [d](float factor, V value, V sum)
                         HWY_ATTR { return hn::MulAdd(hn::Set(d, factor), value, sum); };
  const V sum_1 = hn::Add(x[1], x[2]);
  const V difference_1 = hn::Sub(x[1], x[2]);
  const V sum_half = hn::Add(x[3], x[4]);
  const V difference_half = hn::Sub(x[3], x[4]);
  const V sum_2 = hn::Add(x[5], x[6]);
  const V difference_2 = hn::Sub(x[5], x[6]);
  y[0] = times(1.0F / 16, sum_2, hn::Add(hn::Add(x[0], sum_1), sum_half));
  y[1] = times(1.0F / 8, difference_2, times(1.0F / 2, difference_half, difference_1));
  y[2] = times(1.0F / 4, hn::Add(sum_half, sum_2), sum_1);
  y[3] = times(1.0F / 2, difference_2, times(1.0F / 8, difference_half, difference_1));
  y[4] = times(1.0F / 16, sum_half, hn::Add(sum_1, sum_2));
  y[5] = times(2.0F, difference_2, times(1.0F / 32, difference_half, hn::Add(difference_1, x[7])));
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
