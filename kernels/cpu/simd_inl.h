// Highway: portable vectors, compiled once for each instruction set and chosen at run time.
//
// A file that computes with vectors names itself in HWY_TARGET_INCLUDE, includes
// hwy/foreach_target.h, which compiles it again for each instruction set, and then this header. Its
// functions live in gramgrad::cpu::HWY_NAMESPACE; at its end, under HWY_ONCE, they are called
// through HWY_DYNAMIC_DISPATCH.
#include <cstddef>

#include <hwy/highway.h>

// Included once for each instruction set: not an ordinary include guard.
#if defined(GRAMGRAD_KERNELS_CPU_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_SIMD_INL_H_
#undef GRAMGRAD_KERNELS_CPU_SIMD_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_SIMD_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// body(tag, i) for i in [begin, end): whole vectors of floats first, then single elements, so that
// a tail goes through the same arithmetic.
template <typename Body>
HWY_INLINE void for_each_vector(std::size_t begin, std::size_t end, const Body& body) {
  const hn::ScalableTag<float> vector;
  const hn::CappedTag<float, 1> single;
  std::size_t i = begin;
  for (; i + hn::Lanes(vector) <= end; i += hn::Lanes(vector)) {
    body(vector, i);
  }
  for (; i < end; ++i) {
    body(single, i);
  }
}

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
