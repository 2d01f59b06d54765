// Losses that compare element by element: value and gradient in one pass.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/losses.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/f64_sum_inl.h"

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/reduce.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// Returns the sum of (x - target)^2; dx = slope (x - target), unless null.
double content_range(const float* x, const float* target, float* dx, std::size_t n, float slope) {
  if (dx != nullptr) {
    for_each_vector(0, n, [=](auto d, std::size_t i) HWY_ATTR {
      const auto difference = hn::Sub(hn::LoadU(d, x + i), hn::LoadU(d, target + i));
      hn::StoreU(hn::Mul(hn::Set(d, slope), difference), d, dx + i);
    });
  }
  return F64Sum()(x, target, n, [](auto a, auto b) HWY_ATTR {
    const auto difference = hn::Sub(a, b);
    return hn::Mul(difference, difference);
  });
}

// v - clamp(v, low, high); NaN stays NaN.
template <typename V>
HWY_INLINE V outside(V v, V low, V high) {
  const auto clamped =
      hn::IfThenElse(hn::Lt(v, low), low, hn::IfThenElse(hn::Gt(v, high), high, v));
  return hn::Sub(v, clamped);
}

// Returns the sum of (x - clamp(x))^2; dx = slope (x - clamp(x)), unless null.
double outside_range(const float* x, float* dx, std::size_t n, double low, double high,
                     float slope) {
  if (dx != nullptr) {
    for_each_vector(0, n, [=](auto d, std::size_t i) HWY_ATTR {
      const auto difference = outside(hn::LoadU(d, x + i), hn::Set(d, static_cast<float>(low)),
                                      hn::Set(d, static_cast<float>(high)));
      hn::StoreU(hn::Mul(hn::Set(d, slope), difference), d, dx + i);
    });
  }
  return F64Sum()(x, n, [=](auto v) HWY_ATTR {
    const hn::DFromV<decltype(v)> d;
    const auto difference = outside(v, hn::Set(d, low), hn::Set(d, high));
    return hn::Mul(difference, difference);
  });
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(content_range);
HWY_EXPORT(outside_range);

void content_loss(double weight, const Tensor& x, const Tensor& target, Tensor& loss, Tensor* dx) {
  check_content_loss(x, target, loss, dx);
  const float* values = x.data<float>();
  const float* wanted = target.data<float>();
  float* gradient = data_or_null<float>(dx);
  const double sum = parallel_element_sum(x, [=](std::int64_t first, std::size_t n) {
    return HWY_DYNAMIC_DISPATCH(content_range)(values + first, wanted + first,
                                               advanced(gradient, first), n,
                                               static_cast<float>(2 * weight));
  });
  *loss.data<float>() = static_cast<float>(weight * sum);
}

void range_loss(const RangeLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx) {
  check_range_loss(params, x, loss, dx);
  const double weight = params.weight / static_cast<double>(std::max<std::int64_t>(1, x.size()));
  const float* values = x.data<float>();
  float* gradient = data_or_null<float>(dx);
  const double sum = parallel_element_sum(x, [&](std::int64_t first, std::size_t n) {
    return HWY_DYNAMIC_DISPATCH(outside_range)(values + first, advanced(gradient, first), n,
                                               params.low, params.high,
                                               static_cast<float>(2 * weight));
  });
  *loss.data<float>() = static_cast<float>(weight * sum);
}

}  // namespace gramgrad::cpu
#endif
