// Adam, as torch.optim.Adam (Kingma & Ba 2015, algorithm 1), and gradient descent with momentum, as
// torch.optim.SGD. Whether a step can be taken, its number and what follows from it are found on
// the device: the same launches are right for every step.
#include <cmath>

#include "kernels/cuda/after_step.cuh"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/reduce.cuh"

namespace gramgrad::cuda {
namespace {

struct GradientMagnitudes {
  const float* gradient;
  __device__ void operator()(Maximum& maximum, Index i) const { maximum.add(fabsf(gradient[i])); }
};

// Notes the loss, and whether a step can be taken for it and the gradient; then counts it.
__device__ bool begin(StepStatus& status, float loss, double largest_gradient) {
  status.loss = static_cast<double>(loss);
  const bool finite = std::isfinite(loss) && std::isfinite(largest_gradient);
  status.stop = finite ? StopReason::none : StopReason::not_finite;
  status.steps += finite ? 1 : 0;
  return finite;
}

struct BeginAdam {
  AdamState* state;
  AdamParams params;

  __device__ void operator()(float loss, double largest_gradient) const {
    if (begin(state->status, loss, largest_gradient)) {
      const double step = static_cast<double>(state->status.steps);
      state->step_size = params.learning_rate / (1 - pow(params.beta1, step));
      state->square_correction = 1 / (1 - pow(params.beta2, step));
    }
  }
};

struct BeginSgd {
  SgdState* state;
  __device__ void operator()(float loss, double largest_gradient) const {
    begin(state->status, loss, largest_gradient);
  }
};

template <typename Begin>
__global__ void begin_step_kernel(int count, const Maximum* partials, const float* loss,
                                  Begin begin_step) {
  Maximum mine;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
    mine.merge(partials[i]);
  }
  mine = block_reduce(mine);
  if (threadIdx.x == 0) {
    begin_step(*loss, mine.total());
  }
}

template <typename Begin>
void begin_step(const Tensor& loss, const Tensor& g, const Begin& begin) {
  const Stream stream = stream_of(g);
  const unsigned blocks = reduction_blocks(g.size());
  const Scratch<Maximum> partials(g, blocks);
  const GradientMagnitudes terms{g.data<float>()};
  launch(reduce_terms_kernel<Maximum, GradientMagnitudes>, blocks, threads_per_block, stream,
         g.size(), terms, partials.data());
  launch(begin_step_kernel<Begin>, 1, threads_per_block, stream, static_cast<int>(blocks),
         partials.data(), loss.data<float>(), begin);
}

struct Adam {
  const AdamState* state;
  const float* gradient;
  float* means;
  float* squares;
  MovedPicture picture;
  float beta1, one_minus_beta1;
  float beta2, one_minus_beta2;
  float epsilon;

  __device__ void operator()(Index i) const {
    if (state->status.stop != StopReason::none) {
      return;
    }
    const float g = gradient[i];
    const float mean = beta1 * means[i] + one_minus_beta1 * g;
    const float square = beta2 * squares[i] + one_minus_beta2 * g * g;
    means[i] = mean;
    squares[i] = square;
    const float step_size = static_cast<float>(state->step_size);
    const float correction = static_cast<float>(state->square_correction);
    picture.move(i, picture.x[i] - step_size * mean / (sqrtf(square * correction) + epsilon));
  }
};

struct Sgd {
  const SgdState* state;
  const float* gradient;
  float* velocity;  // null: no momentum
  MovedPicture picture;
  float rate;
  float momentum;

  __device__ void operator()(Index i) const {
    if (state->status.stop != StopReason::none) {
      return;
    }
    float change = gradient[i];
    if (velocity != nullptr) {
      if (state->status.steps > 1) {
        change = fmaf(momentum, velocity[i], change);
      }
      velocity[i] = change;
    }
    picture.move(i, fmaf(-rate, change, picture.x[i]));
  }
};

}  // namespace

void adam_step(const AdamParams& params, const AfterStep& after, const Tensor& loss,
               const Tensor& g, Tensor& m, Tensor& v, Tensor& state, Tensor& x) {
  check_adam_step(params, after, loss, g, m, v, state, x);
  AdamState* adam = state_in<AdamState>(state);
  begin_step(loss, g, BeginAdam{adam, params});
  const Adam body{
      .state = adam,
      .gradient = g.data<float>(),
      .means = m.data<float>(),
      .squares = v.data<float>(),
      .picture = moved_picture(after, x),
      .beta1 = static_cast<float>(params.beta1),
      .one_minus_beta1 = static_cast<float>(1 - params.beta1),
      .beta2 = static_cast<float>(params.beta2),
      .one_minus_beta2 = static_cast<float>(1 - params.beta2),
      .epsilon = static_cast<float>(params.epsilon),
  };
  for_each(stream_of(x), x.size(), body);
}

void sgd_step(const SgdParams& params, const AfterStep& after, const Tensor& loss, const Tensor& g,
              Tensor& v, Tensor& state, Tensor& x) {
  check_sgd_step(params, after, loss, g, v, state, x);
  SgdState* sgd = state_in<SgdState>(state);
  begin_step(loss, g, BeginSgd{sgd});
  const Sgd body{.state = sgd,
                 .gradient = g.data<float>(),
                 .velocity = data_or_null<float>(&v),
                 .picture = moved_picture(after, x),
                 .rate = static_cast<float>(params.learning_rate),
                 .momentum = static_cast<float>(params.momentum)};
  for_each(stream_of(x), x.size(), body);
}

}  // namespace gramgrad::cuda
