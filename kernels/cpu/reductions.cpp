// Sums and maxima over all elements.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/reductions.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/f64_sum_inl.h"

#include <cmath>

#include "kernels/contract.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/reduce.h"
#include "kernels/cpu/steps.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

double sum_range(const float* x, std::size_t n) {
  return F64Sum()(x, n, [](auto v) HWY_ATTR { return v; });
}

double dot_range(const float* x, const float* y, std::size_t n) {
  return F64Sum()(x, y, n, [](auto a, auto b) HWY_ATTR { return hn::Mul(a, b); });
}

double absolute_range(const float* x, std::size_t n) {
  return F64Sum()(x, n, [](auto v) HWY_ATTR { return hn::Abs(v); });
}

// max |x|; a NaN met once stays.
float max_range(const float* x, std::size_t n) {
  float largest = 0;
  const hn::ScalableTag<float> d;
  auto best = hn::Zero(d);
  const auto larger = [](auto value, auto than) HWY_ATTR {
    const auto keep = hn::Or(hn::Le(value, than), hn::IsNaN(than));
    return hn::IfThenElse(keep, than, value);
  };
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    best = larger(hn::Abs(hn::LoadU(d, x + i)), best);
  }
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(best, d, lanes);
  const auto take = [&](float value) {
    largest = value <= largest || std::isnan(largest) ? largest : value;
  };
  std::for_each(lanes, lanes + hn::Lanes(d), take);
  std::for_each(x + i, x + n, [&](float value) { take(std::abs(value)); });
  return largest;
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(sum_range);
HWY_EXPORT(dot_range);
HWY_EXPORT(absolute_range);
HWY_EXPORT(max_range);

void sum(const Tensor& x, Tensor& out) {
  check_sum(x, out);
  const float* from = x.data<float>();
  *out.data<float>() =
      static_cast<float>(parallel_element_sum(x, [=](std::int64_t first, std::size_t n) {
        return HWY_DYNAMIC_DISPATCH(sum_range)(from + first, n);
      }));
}

void dot(const Tensor& x, const Tensor& y, Tensor& out) {
  check_dot(x, y, out);
  const float* a = x.data<float>();
  const float* b = y.data<float>();
  *out.data<float>() =
      static_cast<float>(parallel_element_sum(x, [=](std::int64_t first, std::size_t n) {
        return HWY_DYNAMIC_DISPATCH(dot_range)(a + first, b + first, n);
      }));
}

void sum_absolute(const Tensor& x, Tensor& out) {
  check_sum_absolute(x, out);
  const float* from = x.data<float>();
  *out.data<float>() =
      static_cast<float>(parallel_element_sum(x, [=](std::int64_t first, std::size_t n) {
        return HWY_DYNAMIC_DISPATCH(absolute_range)(from + first, n);
      }));
}

float largest_magnitude(const Tensor& x) {
  const float* from = x.data<float>();
  const std::int64_t tasks = ceil_div(x.size(), elements_per_task);
  const Scratch<float> partial(x.device(), std::max<std::int64_t>(1, tasks));
  parallel_ranges(
      x.device().threads(), x.size(), elements_per_task, [&](std::int64_t begin, std::int64_t end) {
        partial[begin / elements_per_task] =
            HWY_DYNAMIC_DISPATCH(max_range)(from + begin, static_cast<std::size_t>(end - begin));
      });
  return HWY_DYNAMIC_DISPATCH(max_range)(partial.data(), static_cast<std::size_t>(tasks));
}

void max_absolute(const Tensor& x, Tensor& out) {
  check_max_absolute(x, out);
  *out.data<float>() = largest_magnitude(x);
}

}  // namespace gramgrad::cpu
#endif
