// Optimiser steps: their parameters, and what they keep on the device between steps, so that no
// step waits for the host.
//
// A state is a u8 tensor of one of the structs below, zero before the first step. Host, CPU and GPU
// have the same layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/tensor.h"

namespace gramgrad {

// Why an optimiser did not take its last step: the picture is as before it.
enum class StopReason : std::int32_t {
  none,
  gradient_tolerance,  // max |g| <= tolerance_grad
  no_descent,          // the directional derivative g.d is above -tolerance_change
  step_tolerance,      // max |t d| <= tolerance_change
  loss_tolerance,      // |loss - previous loss| < tolerance_change
  not_finite,          // loss or gradient is NaN or infinite
};

// Every state begins with it.
struct StepStatus {
  double loss;         // that the last step was given
  std::int64_t steps;  // that have been taken
  StopReason stop;     // of the last step
};

// What becomes of the picture in the same pass that moves it: x = min(max(x, low), high), NaN stays
// NaN; then average = average_decay * average + (1 - average_decay) * x, in x's shape.
struct AfterStep {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  double average_decay = 0;
  Tensor* average = nullptr;  // null: unwanted
};

// Kingma & Ba 2015, as torch.optim.Adam (no weight decay).
struct AdamParams {
  double learning_rate = 0.02;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};
struct AdamState {
  StepStatus status;
  double step_size;          // learning_rate / (1 - beta1^steps)
  double square_correction;  // 1 / (1 - beta2^steps)
};

// As torch.optim.SGD (no dampening, not Nesterov's form).
struct SgdParams {
  double learning_rate = 0.01;
  double momentum = 0.9;
};
struct SgdState {
  StepStatus status;
};

// As torch.optim.LBFGS without line search, but for the limit.
struct LbfgsParams {
  double learning_rate = 1;
  double tolerance_grad = 0;
  double tolerance_change = 0;
  double step_limit = std::numeric_limits<double>::infinity();  // of an element's change
};
// Pairs (s, y) lie in the slots of a ring, one slot more than pairs are kept. The spare slot holds
// the last step s, t d within the limit, and, in place of y, the gradient that it was taken for;
// the next step turns it into a pair.
struct LbfgsState {
  StepStatus status;
  double previous_loss;  // of the last step taken
  double scale;          // initial inverse Hessian: y.s / y.y of the newest pair
  double step_length;    // t
  double gradient_factor, gradient_norm2, slope;          // d = gradient_factor g + ...; g.g; g.d
  double largest_gradient, largest_step, gradient_norm1;  // max |g|, max |s|, sum |g|
  std::int32_t pairs;    // live ones: in the slots before the spare one
  std::int32_t spare;    // slot
  std::int32_t learnt;   // slot of the pair that this step has learnt, or -1
  std::int32_t started;  // a direction has been computed
  std::int32_t moved;    // the last step moved x
};

// Numbers that follow an LbfgsState, by slots of the ring.
struct LbfgsNumbers {
  double* dots;        // [slots][4]: y.s_j, y.y_j, g.s_j, g.y_j, with y of the spare slot
  double* inverse_ys;  // [slots]: 1 / (y_j . s_j)
  double* along_s;     // [slots]: s_j . d, then the factor of s_j in d
  double* along_y;     // [slots]: y_j . d, then the factor of y_j in d
  double* ys;          // [slots][slots]: y_i . s_j where pair j is not newer than pair i
  double* yy;          // [slots][slots]: y_i . y_j
};

inline std::int64_t lbfgs_state_bytes(std::int64_t slots) {
  const auto numbers = static_cast<std::size_t>(7 * slots + 2 * slots * slots);
  return static_cast<std::int64_t>(sizeof(LbfgsState) + numbers * sizeof(double));
}

inline LbfgsNumbers lbfgs_numbers(LbfgsState* state, std::int64_t slots) {
  LbfgsNumbers numbers{};
  auto* next = reinterpret_cast<double*>(state + 1);
  const auto take = [&](std::int64_t count) {
    double* const taken = next;
    next += count;
    return taken;
  };
  numbers.dots = take(4 * slots);
  numbers.inverse_ys = take(slots);
  numbers.along_s = take(slots);
  numbers.along_y = take(slots);
  numbers.ys = take(slots * slots);
  numbers.yy = take(slots * slots);
  return numbers;
}

// The state in a u8 tensor of its device.
template <typename State>
State* state_in(Tensor& tensor) {
  return reinterpret_cast<State*>(tensor.data<std::uint8_t>());
}
template <typename State>
const State* state_in(const Tensor& tensor) {
  return reinterpret_cast<const State*>(tensor.data<std::uint8_t>());
}

}  // namespace gramgrad
