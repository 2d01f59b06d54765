// A step of L-BFGS, from the textbook's two loops over vectors (Nocedal & Wright, Numerical
// Optimization, 2006, algorithm 7.4), whose scalars the host reads, to the device's own.
#include <cstring>

#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/lbfgs.cuh"

namespace gramgrad::bench {
namespace {

using namespace cuda;

struct Products {
  const float* a;
  const float* b;
  __device__ void operator()(Sum& sum, Index i) const { sum.add_product(a[i], b[i]); }
};

struct Magnitudes {
  const float* values;
  template <typename Accumulator>
  __device__ void operator()(Accumulator& accumulator, Index i) const {
    accumulator.add(fabsf(values[i]));
  }
};

// to = a x + b to
struct Combine {
  float a, b;
  const float* x;
  float* to;
  __device__ void operator()(Index i) const {
    to[i] = b == 0 ? a * x[i] : fmaf(a, x[i], b * to[i]);
  }
};

struct Move {
  MovedPicture picture;
  float step_length, step_limit;
  const float* direction;
  float* step;
  __device__ void operator()(Index i) const {
    step[i] = fmaxf(-step_limit, fminf(step_length * direction[i], step_limit));
    picture.move(i, picture.x[i] + step[i]);
  }
};

struct Measured {
  double largest_gradient, largest_step, gradient_norm1, ys, yy;
};

// One thread: whether a step may be taken, and whether the last one is learnt from.
__global__ void judge(LbfgsParams params, Measured measured, const float* loss, LbfgsState* state,
                      double* inverse_ys, int slots) {
  state->largest_gradient = measured.largest_gradient;
  state->largest_step = measured.largest_step;
  state->gradient_norm1 = measured.gradient_norm1;
  state->status.loss = static_cast<double>(*loss);
  state->learnt = -1;
  state->status.stop = lbfgs_judge(params, *state, static_cast<double>(*loss));
  if (state->status.stop == StopReason::none) {
    lbfgs_learn(*state, measured.ys, measured.yy, inverse_ys, slots);
  }
}

__global__ void decide(LbfgsParams params, double slope, const float* loss, LbfgsState* state) {
  state->slope = slope;
  lbfgs_decide(params, *state, static_cast<double>(*loss));
}

// What the host has read of the state.
struct HostState {
  LbfgsState state;
  std::vector<double> inverse_ys;  // by slots
};

class TextbookStep {
 public:
  TextbookStep(const Tensor& g, Tensor& s, Tensor& y, Tensor& state)
      : g_(g),
        s_(s),
        y_(y),
        state_(state),
        slots_(static_cast<int>(s.shape()[0])),
        on_device_(state_in<LbfgsState>(state)),
        inverse_ys_(lbfgs_numbers(on_device_, slots_).inverse_ys),
        scalar_(g.device(), {1}, DType::f32),
        direction_(g.device(), {g.size()}, DType::f32) {}

  void run(const LbfgsParams& params, const AfterStep& after, const Tensor& loss, Tensor& x) {
    const Stream stream = stream_of(x);
    const float* g = g_.data<float>();
    float* d = direction_.data<float>();
    const int last = host_state().state.spare;
    combine(1, g, 0, d);
    combine(-1, y(last), 1, d);  // the new y, unless this is the first step
    const Measured measured{largest(g), largest(s(last)), norm1(g), dot(d, s(last)), dot(d, d)};
    launch(judge, 1, 1, stream, params, measured, loss.data<float>(), on_device_, inverse_ys_,
           slots_);
    const HostState judged = host_state();
    if (judged.state.learnt >= 0) {
      combine(1, d, 0, y(judged.state.learnt));
    }
    if (judged.state.status.stop != StopReason::none) {
      return;
    }
    compute_direction(judged);
    launch(decide, 1, 1, stream, params, dot(g, d), loss.data<float>(), on_device_);
    const LbfgsState decided = host_state().state;
    if (decided.status.stop == StopReason::none) {
      combine(1, g, 0, y(decided.spare));
      for_each(stream, x.size(),
               Move{moved_picture(after, x), static_cast<float>(decided.step_length),
                    static_cast<float>(params.step_limit), d, s(decided.spare)});
    }
  }

 private:
  // d = -H g: from the newest pair to the oldest, and back.
  void compute_direction(const HostState& host) {
    float* d = direction_.data<float>();
    std::vector<double> alpha(host.inverse_ys.size());
    combine(-1, g_.data<float>(), 0, d);
    int slot = host.state.spare;
    for (int age = 0; age < host.state.pairs; ++age) {
      slot = (slot + slots_ - 1) % slots_;
      const auto j = static_cast<std::size_t>(slot);
      alpha[j] = dot(s(slot), d) * host.inverse_ys[j];
      combine(-alpha[j], y(slot), 1, d);
    }
    if (host.state.pairs > 0) {
      combine(host.state.scale, d, 0, d);
    }
    for (int age = 0; age < host.state.pairs; ++age) {
      const auto j = static_cast<std::size_t>(slot);
      combine(alpha[j] - dot(y(slot), d) * host.inverse_ys[j], s(slot), 1, d);
      slot = (slot + 1) % slots_;
    }
  }

  float* s(int slot) { return s_.data<float>() + slot * g_.size(); }
  float* y(int slot) { return y_.data<float>() + slot * g_.size(); }

  void combine(double a, const float* x, double b, float* to) {
    for_each(stream_of(g_), g_.size(),
             Combine{static_cast<float>(a), static_cast<float>(b), x, to});
  }

  // Each of these waits for the device.
  double dot(const float* a, const float* b) {
    reduce<Sum>(g_.size(), Products{a, b}, 1, scalar_);
    return scalar_.item();
  }
  double largest(const float* values) {
    reduce<Maximum>(g_.size(), Magnitudes{values}, 1, scalar_);
    return scalar_.item();
  }
  double norm1(const float* values) {
    reduce<Sum>(g_.size(), Magnitudes{values}, 1, scalar_);
    return scalar_.item();
  }
  HostState host_state() const {
    const std::vector<std::uint8_t> bytes = state_.to_host<std::uint8_t>();
    HostState host{{}, std::vector<double>(static_cast<std::size_t>(slots_))};
    std::memcpy(&host.state, bytes.data(), sizeof host.state);
    const auto offset = reinterpret_cast<const std::uint8_t*>(inverse_ys_) -
                        reinterpret_cast<const std::uint8_t*>(on_device_);
    std::memcpy(host.inverse_ys.data(), bytes.data() + offset,
                host.inverse_ys.size() * sizeof(double));
    return host;
  }

  const Tensor& g_;
  Tensor& s_;
  Tensor& y_;
  Tensor& state_;
  int slots_;
  LbfgsState* on_device_;
  double* inverse_ys_;
  Tensor scalar_, direction_;
};

// v1: two loops over the pairs, a dot product and an addition for each. The host reads every dot
// product to make the next factor of it, and waits for the device each time.
void v1(const LbfgsParams& params, const AfterStep& after, const Tensor& loss, const Tensor& g,
        Tensor& s, Tensor& y, Tensor& state, Tensor& x) {
  check_lbfgs_step(params, after, loss, g, s, y, state, x);
  TextbookStep(g, s, y, state).run(params, after, loss, x);
}

}  // namespace

Ladder lbfgs_step_ladder() {
  using tests::lbfgs_descent_case;
  const Shape picture{1, 512, 512, 3};
  constexpr int pairs = 20;
  // Every step reads all pairs twice, for the dot products and for the sum.
  const double bytes = (pairs + 2) * 2.0 * (2 * pairs) * 4 * static_cast<double>(picture.size());
  return {.name = "lbfgs_step",
          .steps = {{"v1_two_loops_over_vectors", [](Ops& ops) { ops.lbfgs_step = v1; }},
                    {"v2_two_passes", [](Ops& ops) { ops.lbfgs_step = cuda::lbfgs_step; }}},
          .checks = {lbfgs_descent_case({7}, 2), lbfgs_descent_case({1, 5, 13, 3}, 3),
                     lbfgs_descent_case({4099}, 5)},
          .timed = {{lbfgs_descent_case(picture, pairs), bytes}}};
}

}  // namespace gramgrad::bench
