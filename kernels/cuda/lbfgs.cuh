// L-BFGS's kernels: one pass over the history for all dot products, the recursion on numbers
// (lbfgs_rules.h), one pass for the direction and the step. How many pairs there are is known on
// the device only, so the same launches are right for every step.
#pragma once

#include "kernels/cuda/after_step.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/lbfgs_rules.h"

namespace gramgrad::cuda {

struct Lbfgs {
  Index size;
  int slots;
  const float* g;
  float* s;  // [slots, size]
  float* y;
  LbfgsState* state;
  LbfgsNumbers numbers;

  __device__ Index at(int slot, Index i) const { return slot * size + i; }
};

// ---------------------------------------------------------------- dot products

// With the new y: y.s, y.y, g.s, g.y of one pair.
struct PairDots {
  Sum y_s, y_y, g_s, g_y;

  __device__ void add(float fresh_y, float g, float s, float y) {
    y_s.add_product(fresh_y, s);
    y_y.add_product(fresh_y, y);
    g_s.add_product(g, s);
    g_y.add_product(g, y);
  }
  __device__ void merge(const PairDots& other) {
    y_s.merge(other.y_s);
    y_y.merge(other.y_y);
    g_s.merge(other.g_s);
    g_y.merge(other.g_y);
  }
  __device__ PairDots shuffled_down(int lanes) const {
    return {y_s.shuffled_down(lanes), y_y.shuffled_down(lanes), g_s.shuffled_down(lanes),
            g_y.shuffled_down(lanes)};
  }
};

struct GradientSums {
  Sum norm2, norm1;
  Maximum largest_gradient, largest_step;

  __device__ void merge(const GradientSums& other) {
    norm2.merge(other.norm2);
    norm1.merge(other.norm1);
    largest_gradient.merge(other.largest_gradient);
    largest_step.merge(other.largest_step);
  }
  __device__ GradientSums shuffled_down(int lanes) const {
    return {norm2.shuffled_down(lanes), norm1.shuffled_down(lanes),
            largest_gradient.shuffled_down(lanes), largest_step.shuffled_down(lanes)};
  }
};

constexpr int lbfgs_elements_per_thread = 8;
constexpr Index lbfgs_chunk = lbfgs_elements_per_thread * threads_per_block;

// A block keeps its chunk of g and of the new y in registers and meets every live pair with it.
// pair_partials [slots][blocks], gradient_partials [blocks].
__global__ inline void lbfgs_dots_kernel(Lbfgs lbfgs, PairDots* pair_partials,
                                         GradientSums* gradient_partials) {
  const bool moved = lbfgs.state->moved != 0;
  const int pairs = lbfgs.state->pairs;
  const int spare = lbfgs.state->spare;
  const Index first = blockIdx.x * lbfgs_chunk + threadIdx.x;
  float g[lbfgs_elements_per_thread];
  float fresh_y[lbfgs_elements_per_thread];
  GradientSums sums;
  PairDots last;
  for (int k = 0; k < lbfgs_elements_per_thread; ++k) {
    const Index i = first + k * threads_per_block;
    const bool there = i < lbfgs.size;
    g[k] = there ? lbfgs.g[i] : 0;
    const float s = there && moved ? lbfgs.s[lbfgs.at(spare, i)] : 0;
    fresh_y[k] = there && moved ? g[k] - lbfgs.y[lbfgs.at(spare, i)] : 0;
    sums.norm2.add_product(g[k], g[k]);
    sums.norm1.add(fabsf(g[k]));
    sums.largest_gradient.add(fabsf(g[k]));
    sums.largest_step.add(fabsf(s));
    last.add(fresh_y[k], g[k], s, fresh_y[k]);
  }
  sums = block_reduce(sums);
  last = block_reduce(last);
  if (threadIdx.x == 0) {
    gradient_partials[blockIdx.x] = sums;
    pair_partials[static_cast<Index>(spare) * gridDim.x + blockIdx.x] = last;
  }
  for (int age = 0; age < pairs; ++age) {
    const int slot = lbfgs_slot(spare, age, lbfgs.slots);
    PairDots dots;
    for (int k = 0; k < lbfgs_elements_per_thread; ++k) {
      const Index i = first + k * threads_per_block;
      if (i < lbfgs.size) {
        dots.add(fresh_y[k], g[k], lbfgs.s[lbfgs.at(slot, i)], lbfgs.y[lbfgs.at(slot, i)]);
      }
    }
    __syncthreads();  // the last reduction's memory is free again
    dots = block_reduce(dots);
    if (threadIdx.x == 0) {
      pair_partials[static_cast<Index>(slot) * gridDim.x + blockIdx.x] = dots;
    }
  }
}

template <typename Accumulator>
__device__ Accumulator sum_of_partials(int count, const Accumulator* partials) {
  Accumulator mine;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
    mine.merge(partials[i]);
  }
  return block_reduce(mine);
}

// A block a slot, and one more for the gradient.
__global__ inline void lbfgs_sums_kernel(Lbfgs lbfgs, int count, const PairDots* pair_partials,
                                         const GradientSums* gradient_partials) {
  LbfgsState& state = *lbfgs.state;
  const int slot = static_cast<int>(blockIdx.x);
  if (slot == lbfgs.slots) {
    const GradientSums sums = sum_of_partials(count, gradient_partials);
    if (threadIdx.x == 0) {
      state.gradient_norm2 = sums.norm2.total();
      state.gradient_norm1 = sums.norm1.total();
      state.largest_gradient = sums.largest_gradient.total();
      state.largest_step = sums.largest_step.total();
    }
    return;
  }
  const int age = (state.spare + lbfgs.slots - 1 - slot) % lbfgs.slots;
  if (slot == state.spare || age < state.pairs) {
    const PairDots dots = sum_of_partials(count, pair_partials + static_cast<Index>(slot) * count);
    if (threadIdx.x == 0) {
      double* to = lbfgs.numbers.dots + 4 * slot;
      to[0] = dots.y_s.total();
      to[1] = dots.y_y.total();
      to[2] = dots.g_s.total();
      to[3] = dots.g_y.total();
    }
  }
}

// ---------------------------------------------------------------- decisions and the step

// A factor in two f32 numbers, of s and of y.
struct alignas(16) SplitFactors {
  float s_high, s_low, y_high, y_low;
};

struct BlockBarrier {
  __device__ void operator()() const { __syncthreads(); }
};

// One block. factors, by age: what the pairs contribute to the direction.
__global__ inline void lbfgs_decide_kernel(LbfgsParams params, Lbfgs lbfgs, const float* loss,
                                           SplitFactors* factors) {
  const int lane = static_cast<int>(threadIdx.x);
  const int lanes = static_cast<int>(blockDim.x);
  LbfgsState& state = *lbfgs.state;
  LbfgsRecursion<BlockBarrier>(state, lbfgs.numbers, lbfgs.slots, lane, lanes, BlockBarrier{})
      .run(params, static_cast<double>(*loss));
  __syncthreads();
  for (int age = lane; age < state.pairs; age += lanes) {
    const int slot = lbfgs_slot(state.spare, age, lbfgs.slots);
    const double along_s = lbfgs.numbers.along_s[slot];
    const double along_y = lbfgs.numbers.along_y[slot];
    SplitFactors split{static_cast<float>(along_s), 0, static_cast<float>(along_y), 0};
    split.s_low = static_cast<float>(along_s - static_cast<double>(split.s_high));
    split.y_low = static_cast<float>(along_y - static_cast<double>(split.y_high));
    factors[age] = split;
  }
}

// sum += (high + low) * x
__device__ inline void add_scaled(Sum& sum, float high, float low, float x) {
  sum.add_product(high, x);
  sum.low = fmaf(low, x, sum.low);
}

// s, t d within the limit, goes to the spare slot with the gradient that it was taken for; x += s.
struct LbfgsMove {
  Lbfgs lbfgs;
  const SplitFactors* factors;
  double step_limit;
  MovedPicture picture;

  __device__ void operator()(Index i) const {
    const LbfgsState& state = *lbfgs.state;
    const float g = lbfgs.g[i];
    if (state.learnt >= 0) {
      float& y = lbfgs.y[lbfgs.at(state.learnt, i)];
      y = g - y;
    }
    if (state.status.stop != StopReason::none) {
      return;
    }
    Sum direction;
    for (int age = 0; age < state.pairs; ++age) {
      const int slot = lbfgs_slot(state.spare, age, lbfgs.slots);
      const SplitFactors factor = factors[age];
      add_scaled(direction, factor.s_high, factor.s_low, lbfgs.s[lbfgs.at(slot, i)]);
      add_scaled(direction, factor.y_high, factor.y_low, lbfgs.y[lbfgs.at(slot, i)]);
    }
    const double d = direction.total() + state.gradient_factor * static_cast<double>(g);
    const float step =
        static_cast<float>(fmax(-step_limit, fmin(state.step_length * d, step_limit)));
    lbfgs.s[lbfgs.at(state.spare, i)] = step;
    lbfgs.y[lbfgs.at(state.spare, i)] = g;
    picture.move(i, picture.x[i] + step);
  }
};

}  // namespace gramgrad::cuda
