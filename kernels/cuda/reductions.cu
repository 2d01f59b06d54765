// Sums and maxima over all elements.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/reduce.cuh"

namespace gramgrad::cuda {
namespace {

struct Values {
  const float* x;
  __device__ void operator()(Sum& sum, Index i) const { sum.add(x[i]); }
};

struct Products {
  const float* x;
  const float* y;
  __device__ void operator()(Sum& sum, Index i) const { sum.add_product(x[i], y[i]); }
};

struct Magnitudes {
  const float* x;
  template <typename Accumulator>
  __device__ void operator()(Accumulator& accumulator, Index i) const {
    accumulator.add(fabsf(x[i]));
  }
};

}  // namespace

void sum(const Tensor& x, Tensor& out) {
  check_sum(x, out);
  reduce<Sum>(x.size(), Values{x.data<float>()}, 1, out);
}

void dot(const Tensor& x, const Tensor& y, Tensor& out) {
  check_dot(x, y, out);
  reduce<Sum>(x.size(), Products{x.data<float>(), y.data<float>()}, 1, out);
}

void sum_absolute(const Tensor& x, Tensor& out) {
  check_sum_absolute(x, out);
  reduce<Sum>(x.size(), Magnitudes{x.data<float>()}, 1, out);
}

void max_absolute(const Tensor& x, Tensor& out) {
  check_max_absolute(x, out);
  reduce<Maximum>(x.size(), Magnitudes{x.data<float>()}, 1, out);
}

}  // namespace gramgrad::cuda
