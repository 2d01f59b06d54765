// A step of Adam (Kingma & Ba 2015, algorithm 1) with what follows it, clamping and averaging, from
// a pass for each line of the algorithm to the device's own, which is one pass.
#include <cmath>

#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/reduce.cuh"

namespace gramgrad::bench {
namespace {

using namespace cuda;

struct Magnitudes {
  const float* values;
  __device__ void operator()(Maximum& maximum, Index i) const { maximum.add(fabsf(values[i])); }
};

// Notes whether a step can be taken, its number, and what follows from that.
__global__ void begin(AdamParams params, const float* loss, const float* largest_gradient,
                      AdamState* state) {
  const bool finite = std::isfinite(*loss) && std::isfinite(*largest_gradient);
  state->status.loss = static_cast<double>(*loss);
  state->status.stop = finite ? StopReason::none : StopReason::not_finite;
  if (finite) {
    const double step = static_cast<double>(++state->status.steps);
    state->step_size = params.learning_rate / (1 - pow(params.beta1, step));
    state->square_correction = 1 / (1 - pow(params.beta2, step));
  }
}

// to = keep * to + add * from, or from^2: a moment of the gradient, or the averaged picture.
struct MovingAverage {
  const AdamState* state;
  const float* from;
  float* to;
  float keep, add;
  bool squared;
  __device__ void operator()(Index i) const {
    if (state->status.stop == StopReason::none) {
      to[i] = keep * to[i] + add * (squared ? from[i] * from[i] : from[i]);
    }
  }
};

struct Move {
  const AdamState* state;
  const float* means;
  const float* squares;
  float* x;
  float epsilon;
  __device__ void operator()(Index i) const {
    if (state->status.stop == StopReason::none) {
      const float deviation = sqrtf(squares[i] * static_cast<float>(state->square_correction));
      x[i] -= static_cast<float>(state->step_size) * means[i] / (deviation + epsilon);
    }
  }
};

struct Clamp {
  const AdamState* state;
  float* x;
  float low, high;
  __device__ void operator()(Index i) const {
    if (state->status.stop == StopReason::none) {
      x[i] = x[i] < low ? low : x[i] > high ? high : x[i];
    }
  }
};

void pass_for_each_line(const AdamParams& params, const AfterStep& after, const Tensor& g,
                        Tensor& m, Tensor& v, const AdamState* state, Tensor& x) {
  const Stream stream = stream_of(x);
  const auto average = [&](const Tensor& from, Tensor& to, double keep, bool squared) {
    for_each(stream, x.size(),
             MovingAverage{state, from.data<float>(), to.data<float>(), static_cast<float>(keep),
                           static_cast<float>(1 - keep), squared});
  };
  average(g, m, params.beta1, false);
  average(g, v, params.beta2, true);
  for_each(stream, x.size(),
           Move{state, m.data<float>(), v.data<float>(), x.data<float>(),
                static_cast<float>(params.epsilon)});
  for_each(
      stream, x.size(),
      Clamp{state, x.data<float>(), static_cast<float>(after.low), static_cast<float>(after.high)});
  if (after.average != nullptr) {
    average(x, *after.average, after.average_decay, false);
  }
}

// v1: one block looks for what is not finite in the gradient; then a pass for each line.
void v1(const AdamParams& params, const AfterStep& after, const Tensor& loss, const Tensor& g,
        Tensor& m, Tensor& v, Tensor& state, Tensor& x) {
  check_adam_step(params, after, loss, g, m, v, state, x);
  const Scratch<Maximum> largest(g, 1);
  launch(reduce_terms_kernel<Maximum, Magnitudes>, 1, threads_per_block, stream_of(g), g.size(),
         Magnitudes{g.data<float>()}, largest.data());
  AdamState* adam = state_in<AdamState>(state);
  launch(begin, 1, 1, stream_of(g), params, loss.data<float>(), &largest.data()->largest, adam);
  pass_for_each_line(params, after, g, m, v, adam, x);
}

// v2: many blocks look.
void v2(const AdamParams& params, const AfterStep& after, const Tensor& loss, const Tensor& g,
        Tensor& m, Tensor& v, Tensor& state, Tensor& x) {
  check_adam_step(params, after, loss, g, m, v, state, x);
  Tensor largest(g.device(), {1}, DType::f32);
  reduce<Maximum>(g.size(), Magnitudes{g.data<float>()}, 1, largest);
  AdamState* adam = state_in<AdamState>(state);
  launch(begin, 1, 1, stream_of(g), params, loss.data<float>(), largest.data<float>(), adam);
  pass_for_each_line(params, after, g, m, v, adam, x);
}

}  // namespace

Ladder adam_step_ladder() {
  using tests::adam_step_case;
  const Shape picture{1, 512, 512, 3};
  return {.name = "adam_step",
          .steps = {{"v1_one_block_checks", [](Ops& ops) { ops.adam_step = v1; }},
                    {"v2_many_blocks_check", [](Ops& ops) { ops.adam_step = v2; }},
                    {"v3_one_pass", [](Ops& ops) { ops.adam_step = cuda::adam_step; }}},
          .checks = {adam_step_case({1}), adam_step_case({1, 5, 13, 3}), adam_step_case({10'007})},
          .timed = {{adam_step_case(picture), 9 * 4.0 * static_cast<double>(picture.size())}}};
}

}  // namespace gramgrad::bench
