// Sums and maxima over all elements.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/reduce.cuh"

namespace gramgrad::cuda {
namespace {

template <typename T>
struct Values {
  const T* x;
  __device__ void operator()(Sum& sum, Index i) const { sum.add(to_f32(x[i])); }
};

template <typename T>
struct Products {
  const T* x;
  const T* y;
  __device__ void operator()(Sum& sum, Index i) const {
    sum.add_product(to_f32(x[i]), to_f32(y[i]));
  }
};

template <typename T>
struct Magnitudes {
  const T* x;
  template <typename Accumulator>
  __device__ void operator()(Accumulator& accumulator, Index i) const {
    accumulator.add(fabsf(to_f32(x[i])));
  }
};

}  // namespace

void sum(const Tensor& x, Tensor& out) {
  check_sum(x, out);
  with_map_type(x, [&]<typename T>(T) { reduce<Sum>(x.size(), Values<T>{x.data<T>()}, 1, out); });
}

void dot(const Tensor& x, const Tensor& y, Tensor& out) {
  check_dot(x, y, out);
  with_map_type(x, [&]<typename T>(T) {
    reduce<Sum>(x.size(), Products<T>{x.data<T>(), y.data<T>()}, 1, out);
  });
}

void sum_absolute(const Tensor& x, Tensor& out) {
  check_sum_absolute(x, out);
  with_map_type(x,
                [&]<typename T>(T) { reduce<Sum>(x.size(), Magnitudes<T>{x.data<T>()}, 1, out); });
}

void max_absolute(const Tensor& x, Tensor& out) {
  check_max_absolute(x, out);
  with_map_type(
      x, [&]<typename T>(T) { reduce<Maximum>(x.size(), Magnitudes<T>{x.data<T>()}, 1, out); });
}

}  // namespace gramgrad::cuda
