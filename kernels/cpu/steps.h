// What the optimiser steps of the CPU share.
#pragma once

#include "kernels/cpu/arguments.h"
#include "kernels/optimizers.h"

namespace gramgrad::cpu {

// The picture that a step moves, with AfterStep's factors.
struct MovedPicture {
  MovedPicture(const AfterStep& after, Tensor& picture)
      : x(picture.data<float>()),
        average(data_or_null<float>(after.average)),
        low(static_cast<float>(after.low)),
        high(static_cast<float>(after.high)),
        decay(static_cast<float>(after.average_decay)),
        rest(static_cast<float>(1 - after.average_decay)) {}

  MovedPicture from(std::int64_t offset) const {
    MovedPicture part = *this;
    part.x += offset;
    part.average = advanced(average, offset);
    return part;
  }

  float* x;
  float* average;  // or null
  float low, high;
  float decay, rest;  // rest: 1 - decay
};

// max |x|; NaN where any x is NaN.
float largest_magnitude(const Tensor& x);

}  // namespace gramgrad::cpu
