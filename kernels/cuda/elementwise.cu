// Elementwise operators.
#include "kernels/cuda/elementwise.cuh"

#include "kernels/cuda/cuda_ops.h"

namespace gramgrad::cuda {
namespace {

template <typename T>
struct Fill {
  T* x;
  float value;
  __device__ void operator()(Index i) const { store(x[i], value, false); }
};

template <typename T>
struct Copy {
  const T* x;
  T* y;
  __device__ void operator()(Index i) const { y[i] = x[i]; }
};

// Where b is 0, y is not read: it may hold NaN. x may be y.
template <typename X, typename Y>
struct Axpby {
  float a;
  const X* x;
  float b;
  Y* y;
  __device__ void operator()(Index i) const {
    const float term = to_f32(x[i]);
    store(y[i], b == 0 ? a * term : fmaf(a, term, b * to_f32(y[i])), false);
  }
};

template <typename T>
struct MultiplyScalar {
  const float* s;
  const T* x;
  T* y;
  bool accumulate;
  __device__ void operator()(Index i) const { store(y[i], *s * to_f32(x[i]), accumulate); }
};

template <typename T>
struct Multiply {
  const T* x;
  const T* y;
  T* z;
  bool accumulate;
  __device__ void operator()(Index i) const {
    store(z[i], to_f32(x[i]) * to_f32(y[i]), accumulate);
  }
};

// Comparisons are false for NaN, which therefore stays.
struct Clamp {
  float* x;
  float low;
  float high;
  __device__ void operator()(Index i) const {
    const float value = x[i];
    x[i] = value < low ? low : value > high ? high : value;
  }
};

}  // namespace

void fill(Tensor& x, double value) {
  check_fill(x);
  with_map_type(x, [&]<typename T>(T) {
    for_each(stream_of(x), x.size(), Fill<T>{x.data<T>(), static_cast<float>(value)});
  });
}

void copy(const Tensor& x, Tensor& y) {
  check_copy(x, y);
  const auto copy_as = [&]<typename T>(T) {
    for_each(stream_of(x), x.size(), Copy<T>{x.data<T>(), y.data<T>()});
  };
  if (x.dtype() == DType::u8) {
    copy_as(std::uint8_t{});
  } else {
    with_map_type(x, copy_as);
  }
}

void axpby(double a, const Tensor& x, double b, Tensor& y) {
  check_axpby(x, y);
  with_map_type(x, [&]<typename X>(X) {
    with_map_type(y, [&]<typename Y>(Y) {
      const Axpby<X, Y> body{static_cast<float>(a), x.data<X>(), static_cast<float>(b),
                             y.data<Y>()};
      for_each(stream_of(x), x.size(), body);
    });
  });
}

void multiply_scalar(const Tensor& s, const Tensor& x, Tensor& y, WriteMode mode) {
  check_multiply_scalar(s, x, y);
  with_map_type(x, [&]<typename T>(T) {
    for_each(stream_of(x), x.size(),
             MultiplyScalar<T>{s.data<float>(), x.data<T>(), y.data<T>(), adds(mode)});
  });
}

void multiply(const Tensor& x, const Tensor& y, Tensor& z, WriteMode mode) {
  check_multiply(x, y, z);
  with_map_type(x, [&]<typename T>(T) {
    for_each(stream_of(x), x.size(),
             Multiply<T>{x.data<T>(), y.data<T>(), z.data<T>(), adds(mode)});
  });
}

void clamp(Tensor& x, double low, double high) {
  check_clamp(x, low, high);
  for_each(stream_of(x), x.size(),
           Clamp{x.data<float>(), static_cast<float>(low), static_cast<float>(high)});
}

}  // namespace gramgrad::cuda
