// Losses that compare element by element: value and gradient in one pass.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/reduce.cuh"

namespace gramgrad::cuda {
namespace {

// sum (x - target)^2; dx = slope (x - target)
template <typename T>
struct Content {
  const T* x;
  const T* target;
  T* dx;  // or null
  float slope;
  __device__ void operator()(Sum& sum, Index i) const {
    const float difference = to_f32(x[i]) - to_f32(target[i]);
    sum.add_product(difference, difference);
    if (dx != nullptr) {
      store(dx[i], slope * difference, false);
    }
  }
};

// sum (x - clamp(x))^2; dx = slope (x - clamp(x)). NaN stays NaN.
struct OutsideRange {
  const float* x;
  float* dx;  // or null
  float low;
  float high;
  float slope;
  __device__ void operator()(Sum& sum, Index i) const {
    const float value = x[i];
    const float outside = value - (value < low ? low : value > high ? high : value);
    sum.add_product(outside, outside);
    if (dx != nullptr) {
      dx[i] = slope * outside;
    }
  }
};

}  // namespace

void content_loss(double weight, const Tensor& x, const Tensor& target, Tensor& loss, Tensor* dx) {
  check_content_loss(x, target, loss, dx);
  with_map_type(x, [&]<typename T>(T) {
    const Content<T> terms{x.data<T>(), target.data<T>(), data_or_null<T>(dx),
                           static_cast<float>(2 * weight)};
    reduce<Sum>(x.size(), terms, weight, loss);
  });
}

void range_loss(const RangeLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx) {
  check_range_loss(params, x, loss, dx);
  const double weight = params.weight / static_cast<double>(x.size() > 0 ? x.size() : 1);
  const OutsideRange terms{x.data<float>(), data_or_null<float>(dx), static_cast<float>(params.low),
                           static_cast<float>(params.high), static_cast<float>(2 * weight)};
  reduce<Sum>(x.size(), terms, weight, loss);
}

}  // namespace gramgrad::cuda
