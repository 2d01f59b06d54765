// Adam, as torch.optim.Adam, in one pass. Source: Kingma & Ba 2015, algorithm 1.
#include <cmath>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::cuda {
namespace {

struct Adam {
  const float* gradient;
  float* means;
  float* squares;
  float* values;
  float beta1, one_minus_beta1;
  float beta2, one_minus_beta2;
  float step_size;          // learning_rate / (1 - beta1^step)
  float square_correction;  // 1 / (1 - beta2^step)
  float epsilon;

  __device__ void operator()(Index i) const {
    const float g = gradient[i];
    const float mean = beta1 * means[i] + one_minus_beta1 * g;
    const float square = beta2 * squares[i] + one_minus_beta2 * g * g;
    means[i] = mean;
    squares[i] = square;
    values[i] -= step_size * mean / (sqrtf(square * square_correction) + epsilon);
  }
};

}  // namespace

void adam_step(const AdamParams& params, const Tensor& g, Tensor& m, Tensor& v, Tensor& x) {
  check_adam_step(params, g, m, v, x);
  const auto step = static_cast<double>(params.step);
  const Adam body{
      .gradient = g.data<float>(),
      .means = m.data<float>(),
      .squares = v.data<float>(),
      .values = x.data<float>(),
      .beta1 = static_cast<float>(params.beta1),
      .one_minus_beta1 = static_cast<float>(1 - params.beta1),
      .beta2 = static_cast<float>(params.beta2),
      .one_minus_beta2 = static_cast<float>(1 - params.beta2),
      .step_size = static_cast<float>(params.learning_rate / (1 - std::pow(params.beta1, step))),
      .square_correction = static_cast<float>(1 / (1 - std::pow(params.beta2, step))),
      .epsilon = static_cast<float>(params.epsilon),
  };
  for_each(stream_of(x), x.size(), body);
}

}  // namespace gramgrad::cuda
