// Adding up floats in f64, with vectors. Included once for each instruction set.
#include "kernels/cpu/simd_inl.h"

#if defined(GRAMGRAD_KERNELS_CPU_F64_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_F64_SUM_INL_H_
#undef GRAMGRAD_KERNELS_CPU_F64_SUM_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_F64_SUM_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

// Four independent sums hide the latency of an addition.
class F64Sum {
  using Wide = hn::ScalableTag<double>;
  using Narrow = hn::Rebind<float, Wide>;

 public:
  // Adds term(x) for each element of a[0..n), or term(x, y) of a and b, where x and y are f64.
  template <typename Term>
  HWY_INLINE double operator()(const float* a, std::size_t n, const Term& term) const {
    return add_up(n, [&](auto narrow, auto wide, std::size_t i)
                         HWY_ATTR { return term(hn::PromoteTo(wide, hn::LoadU(narrow, a + i))); });
  }
  template <typename Term>
  HWY_INLINE double operator()(const float* a, const float* b, std::size_t n,
                               const Term& term) const {
    return add_up(n, [&](auto narrow, auto wide, std::size_t i) HWY_ATTR {
      return term(hn::PromoteTo(wide, hn::LoadU(narrow, a + i)),
                  hn::PromoteTo(wide, hn::LoadU(narrow, b + i)));
    });
  }

 private:
  template <typename Term>
  HWY_INLINE double add_up(std::size_t n, const Term& term) const {
    const Wide wide;
    const Narrow narrow;
    const std::size_t lanes = hn::Lanes(wide);
    auto sum0 = hn::Zero(wide);
    auto sum1 = sum0;
    auto sum2 = sum0;
    auto sum3 = sum0;
    std::size_t i = 0;
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
      sum0 = hn::Add(sum0, term(narrow, wide, i));
      sum1 = hn::Add(sum1, term(narrow, wide, i + lanes));
      sum2 = hn::Add(sum2, term(narrow, wide, i + 2 * lanes));
      sum3 = hn::Add(sum3, term(narrow, wide, i + 3 * lanes));
    }
    const auto sum = hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3));
    double total = hn::GetLane(hn::SumOfLanes(wide, sum));
    const hn::CappedTag<double, 1> one;
    const hn::Rebind<float, hn::CappedTag<double, 1>> narrow_one;
    for (; i < n; ++i) {
      total += hn::GetLane(term(narrow_one, one, i));
    }
    return total;
  }
};

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
