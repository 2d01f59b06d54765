// What becomes of the picture in the pass that moves it: AfterStep, for kernels.
#pragma once

#include "kernels/cuda/launcher.cuh"

namespace gramgrad::cuda {

struct MovedPicture {
  float* x;
  float* average;  // or null
  float low, high;
  float decay, rest;  // rest: 1 - decay

  // x[i] = value, and what follows. Comparisons are false for NaN, which therefore stays.
  __device__ void move(Index i, float value) const {
    value = value < low ? low : value > high ? high : value;
    x[i] = value;
    if (average != nullptr) {
      average[i] = fmaf(rest, value, decay * average[i]);
    }
  }
};

inline MovedPicture moved_picture(const AfterStep& after, Tensor& x) {
  return {.x = x.data<float>(),
          .average = data_or_null<float>(after.average),
          .low = static_cast<float>(after.low),
          .high = static_cast<float>(after.high),
          .decay = static_cast<float>(after.average_decay),
          .rest = static_cast<float>(1 - after.average_decay)};
}

}  // namespace gramgrad::cuda
