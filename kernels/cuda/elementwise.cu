// Elementwise operators.
#include "kernels/cuda/elementwise.cuh"

#include "kernels/cuda/cuda_ops.h"

namespace gramgrad::cuda {
namespace {

struct Fill {
  float* x;
  float value;
  __device__ void operator()(Index i) const { x[i] = value; }
};

template <typename T>
struct Copy {
  const T* x;
  T* y;
  __device__ void operator()(Index i) const { y[i] = x[i]; }
};

// Where b is 0, y is not read: it may hold NaN. x may be y.
struct Axpby {
  float a;
  const float* x;
  float b;
  float* y;
  __device__ void operator()(Index i) const { y[i] = b == 0 ? a * x[i] : fmaf(a, x[i], b * y[i]); }
};

struct MultiplyScalar {
  const float* s;
  const float* x;
  float* y;
  bool accumulate;
  __device__ void operator()(Index i) const { store(y[i], *s * x[i], accumulate); }
};

struct Multiply {
  const float* x;
  const float* y;
  float* z;
  bool accumulate;
  __device__ void operator()(Index i) const { store(z[i], x[i] * y[i], accumulate); }
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
  for_each(stream_of(x), x.size(), Fill{x.data<float>(), static_cast<float>(value)});
}

void copy(const Tensor& x, Tensor& y) {
  check_copy(x, y);
  if (x.dtype() == DType::u8) {
    using Bytes = Copy<std::uint8_t>;
    for_each(stream_of(x), x.size(), Bytes{x.data<std::uint8_t>(), y.data<std::uint8_t>()});
  } else {
    for_each(stream_of(x), x.size(), Copy<float>{x.data<float>(), y.data<float>()});
  }
}

void axpby(double a, const Tensor& x, double b, Tensor& y) {
  check_axpby(x, y);
  for_each(stream_of(x), x.size(),
           Axpby{static_cast<float>(a), x.data<float>(), static_cast<float>(b), y.data<float>()});
}

void multiply_scalar(const Tensor& s, const Tensor& x, Tensor& y, WriteMode mode) {
  check_multiply_scalar(s, x, y);
  for_each(stream_of(x), x.size(),
           MultiplyScalar{s.data<float>(), x.data<float>(), y.data<float>(), adds(mode)});
}

void multiply(const Tensor& x, const Tensor& y, Tensor& z, WriteMode mode) {
  check_multiply(x, y, z);
  for_each(stream_of(x), x.size(),
           Multiply{x.data<float>(), y.data<float>(), z.data<float>(), adds(mode)});
}

void clamp(Tensor& x, double low, double high) {
  check_clamp(x, low, high);
  for_each(stream_of(x), x.size(),
           Clamp{x.data<float>(), static_cast<float>(low), static_cast<float>(high)});
}

}  // namespace gramgrad::cuda
