// What the optimiser steps of the reference share.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/reference/loops.h"

namespace gramgrad::reference {

template <typename T>
double largest_magnitude(const T* x, Index count) {
  double largest = 0;
  for (Index i = 0; i < count && !std::isnan(largest); ++i) {
    const double value = std::abs(static_cast<double>(x[i]));
    largest = value <= largest ? largest : value;  // NaN is not <= anything: it wins
  }
  return largest;
}

// Notes the loss, and whether a step can be taken for it and the gradient; then counts it.
template <typename T>
bool begin_step(StepStatus& status, const T* loss, const T* gradient, Index count) {
  status.loss = static_cast<double>(*loss);
  const bool finite =
      std::isfinite(status.loss) && std::isfinite(largest_magnitude(gradient, count));
  status.stop = finite ? StopReason::none : StopReason::not_finite;
  status.steps += finite ? 1 : 0;
  return finite;
}

// x[i] = value and what follows, by AfterStep.
template <typename T>
class Mover {
 public:
  Mover(const AfterStep& after, Tensor& x)
      : after_(after), x_(x.data<T>()), average_(data_or_null<T>(after.average)) {}

  void operator()(Index i, double value) const {
    value = value < after_.low ? after_.low : value > after_.high ? after_.high : value;
    x_[i] = static_cast<T>(value);
    if (average_ != nullptr) {
      const double decay = after_.average_decay;
      average_[i] = static_cast<T>(decay * static_cast<double>(average_[i]) +
                                   (1 - decay) * static_cast<double>(x_[i]));
    }
  }

 private:
  const AfterStep& after_;
  T* x_;
  T* average_;
};

}  // namespace gramgrad::reference
