// Elementwise operators: one pass over memory each.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/elementwise.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/simd_inl.h"

#include <cstring>

#include "kernels/contract.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

void fill_range(float* x, std::size_t n, float value) {
  for_each_vector(0, n,
                  [=](auto d, std::size_t i) HWY_ATTR { hn::StoreU(hn::Set(d, value), d, x + i); });
}

void scale_range(float a, const float* x, float* y, std::size_t n) {
  for_each_vector(0, n, [=](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::Set(d, a), hn::LoadU(d, x + i)), d, y + i);
  });
}

void axpby_range(float a, const float* x, float b, float* y, std::size_t n) {
  for_each_vector(0, n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto by = hn::Mul(hn::Set(d, b), hn::LoadU(d, y + i));
    hn::StoreU(hn::MulAdd(hn::Set(d, a), hn::LoadU(d, x + i), by), d, y + i);
  });
}

void multiply_range(const float* x, const float* y, float* z, std::size_t n, bool accumulate) {
  for_each_vector(0, n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto a = hn::LoadU(d, x + i);
    const auto b = hn::LoadU(d, y + i);
    hn::StoreU(accumulate ? hn::MulAdd(a, b, hn::LoadU(d, z + i)) : hn::Mul(a, b), d, z + i);
  });
}

// Written with comparisons, which are false for NaN.
void clamp_range(float* x, std::size_t n, float low, float high) {
  for_each_vector(0, n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto lowest = hn::Set(d, low);
    const auto highest = hn::Set(d, high);
    auto v = hn::LoadU(d, x + i);
    v = hn::IfThenElse(hn::Lt(v, lowest), lowest, v);
    hn::StoreU(hn::IfThenElse(hn::Gt(v, highest), highest, v), d, x + i);
  });
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(fill_range);
HWY_EXPORT(scale_range);
HWY_EXPORT(axpby_range);
HWY_EXPORT(multiply_range);
HWY_EXPORT(clamp_range);

namespace {

// body(first, count) over the elements of x.
template <typename Body>
void for_ranges(const Tensor& x, const Body& body) {
  parallel_ranges(x.device().threads(), x.size(), elements_per_task,
                  [&](std::int64_t begin, std::int64_t end) {
                    body(begin, static_cast<std::size_t>(end - begin));
                  });
}

}  // namespace

void fill(Tensor& x, double value) {
  check_fill(x);
  float* to = x.data<float>();
  for_ranges(x, [=](std::int64_t first, std::size_t n) {
    HWY_DYNAMIC_DISPATCH(fill_range)(to + first, n, static_cast<float>(value));
  });
}

void copy(const Tensor& x, Tensor& y) {
  check_copy(x, y);
  const auto copy_as = [&]<typename T>(T) {
    const T* from = x.data<T>();
    T* to = y.data<T>();
    for_ranges(x, [=](std::int64_t first, std::size_t n) {
      std::memcpy(to + first, from + first, n * sizeof(T));
    });
  };
  if (x.dtype() == DType::u8) {
    copy_as(std::uint8_t{});
  } else {
    copy_as(float{});
  }
}

void axpby(double a, const Tensor& x, double b, Tensor& y) {
  check_axpby(x, y);
  const float* from = x.data<float>();
  float* to = y.data<float>();
  for_ranges(x, [=](std::int64_t first, std::size_t n) {
    if (b == 0) {
      HWY_DYNAMIC_DISPATCH(scale_range)(static_cast<float>(a), from + first, to + first, n);
    } else {
      HWY_DYNAMIC_DISPATCH(axpby_range)
      (static_cast<float>(a), from + first, static_cast<float>(b), to + first, n);
    }
  });
}

void multiply_scalar(const Tensor& s, const Tensor& x, Tensor& y, WriteMode mode) {
  check_multiply_scalar(s, x, y);
  axpby(*s.data<float>(), x, mode == WriteMode::accumulate ? 1 : 0, y);
}

void multiply(const Tensor& x, const Tensor& y, Tensor& z, WriteMode mode) {
  check_multiply(x, y, z);
  const float* a = x.data<float>();
  const float* b = y.data<float>();
  float* to = z.data<float>();
  for_ranges(x, [=](std::int64_t first, std::size_t n) {
    HWY_DYNAMIC_DISPATCH(multiply_range)
    (a + first, b + first, to + first, n, mode == WriteMode::accumulate);
  });
}

void clamp(Tensor& x, double low, double high) {
  check_clamp(x, low, high);
  float* to = x.data<float>();
  for_ranges(x, [=](std::int64_t first, std::size_t n) {
    HWY_DYNAMIC_DISPATCH(clamp_range)
    (to + first, n, static_cast<float>(low), static_cast<float>(high));
  });
}

}  // namespace gramgrad::cpu
#endif
