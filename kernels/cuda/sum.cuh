// Accumulators of deterministic reductions.
#pragma once

#include <cmath>

#include "kernels/cuda/device.cuh"

namespace gramgrad::cuda {

// A sum of f32 numbers in two f32 numbers, high + low: some 46 bits. GPUs for games compute f64 at
// 1/64 of the speed of f32, and this costs seven f32 operations a term. Source: Knuth, The Art of
// Computer Programming 2, 4.2.2, theorem B (the error of an addition is a floating-point number).
struct Sum {
  float high = 0;
  float low = 0;

  __device__ void add(float term) {
    const float sum = high + term;
    const float from_term = sum - high;
    low += (high - (sum - from_term)) + (term - from_term);
    high = sum;
  }
  // x * y, whose rounding error is a floating-point number too.
  __device__ void add_product(float x, float y) {
    const float product = x * y;
    low += fmaf(x, y, -product);
    add(product);
  }
  __device__ void merge(const Sum& other) {
    add(other.high);
    low += other.low;
  }
  // Where the sum is infinite or NaN, `low` means nothing.
  __device__ double total() const {
    return std::isfinite(high) ? static_cast<double>(high) + static_cast<double>(low) : high;
  }
  __device__ Sum shuffled_down(int lanes) const {
    return {__shfl_down_sync(all_lanes, high, lanes), __shfl_down_sync(all_lanes, low, lanes)};
  }
};

// The largest term, from 0 on; a NaN met once stays.
struct Maximum {
  float largest = 0;

  __device__ void add(float term) {
    if (!(term <= largest) && !std::isnan(largest)) {
      largest = term;
    }
  }
  __device__ void merge(const Maximum& other) { add(other.largest); }
  __device__ double total() const { return largest; }
  __device__ Maximum shuffled_down(int lanes) const {
    return {__shfl_down_sync(all_lanes, largest, lanes)};
  }
};

}  // namespace gramgrad::cuda
