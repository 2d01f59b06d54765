// Operators that take element i to element i.
#include <algorithm>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {

void fill(Tensor& x, double value) {
  check_fill(x);
  with_type(x, [&]<typename T>(T) { std::fill_n(x.data<T>(), x.size(), static_cast<T>(value)); });
}

void copy(const Tensor& x, Tensor& y) {
  check_copy(x, y);
  if (x.dtype() == DType::u8) {
    std::copy_n(x.data<std::uint8_t>(), x.size(), y.data<std::uint8_t>());
    return;
  }
  with_type(x, [&]<typename T>(T) { std::copy_n(x.data<T>(), x.size(), y.data<T>()); });
}

void axpby(double a, const Tensor& x, double b, Tensor& y) {
  check_axpby(x, y);
  with_type(x, [&]<typename T>(T) {
    const T* from = x.data<T>();
    T* to = y.data<T>();
    parallel_for(x.size(), 1, [=](Index i) {
      const double ax = a * static_cast<double>(from[i]);
      to[i] = static_cast<T>(b == 0 ? ax : ax + b * static_cast<double>(to[i]));
    });
  });
}

void multiply_scalar(const Tensor& s, const Tensor& x, Tensor& y, WriteMode mode) {
  check_multiply_scalar(s, x, y);
  with_type(x, [&]<typename T>(T) {
    const double factor = s.data<T>()[0];
    const T* from = x.data<T>();
    T* to = y.data<T>();
    parallel_for(x.size(), 1,
                 [=](Index i) { store(to[i], factor * static_cast<double>(from[i]), mode); });
  });
}

void multiply(const Tensor& x, const Tensor& y, Tensor& z, WriteMode mode) {
  check_multiply(x, y, z);
  with_type(x, [&]<typename T>(T) {
    const T* a = x.data<T>();
    const T* b = y.data<T>();
    T* to = z.data<T>();
    parallel_for(x.size(), 1, [=](Index i) {
      store(to[i], static_cast<double>(a[i]) * static_cast<double>(b[i]), mode);
    });
  });
}

void clamp(Tensor& x, double low, double high) {
  check_clamp(x, low, high);
  with_type(x, [&]<typename T>(T) {
    T* values = x.data<T>();
    // std::clamp compares with < only, so NaN passes.
    parallel_for(x.size(), 1, [=](Index i) {
      values[i] = std::clamp(values[i], static_cast<T>(low), static_cast<T>(high));
    });
  });
}

}  // namespace gramgrad::reference
