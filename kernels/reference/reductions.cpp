// Sums and maxima over all elements.
#include <cmath>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {

void sum(const Tensor& x, Tensor& out) {
  check_sum(x, out);
  with_type(x, [&]<typename T>(T) {
    const T* values = x.data<T>();
    out.data<T>()[0] = static_cast<T>(
        parallel_sum(x.size(), [=](Index i) { return static_cast<double>(values[i]); }));
  });
}

void dot(const Tensor& x, const Tensor& y, Tensor& out) {
  check_dot(x, y, out);
  with_type(x, [&]<typename T>(T) {
    const T* a = x.data<T>();
    const T* b = y.data<T>();
    out.data<T>()[0] = static_cast<T>(parallel_sum(
        x.size(), [=](Index i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); }));
  });
}

void sum_absolute(const Tensor& x, Tensor& out) {
  check_sum_absolute(x, out);
  with_type(x, [&]<typename T>(T) {
    const T* values = x.data<T>();
    out.data<T>()[0] = static_cast<T>(
        parallel_sum(x.size(), [=](Index i) { return std::abs(static_cast<double>(values[i])); }));
  });
}

void max_absolute(const Tensor& x, Tensor& out) {
  check_max_absolute(x, out);
  with_type(x, [&]<typename T>(T) {
    const T* values = x.data<T>();
    T largest = 0;
    for (Index i = 0; i < x.size() && !std::isnan(largest); ++i) {
      const T value = std::abs(values[i]);
      largest = value <= largest ? largest : value;  // NaN is not <= anything: it wins
    }
    out.data<T>()[0] = largest;
  });
}

}  // namespace gramgrad::reference
