// Functions to minimise, and points to start from, for the tests of the optimisers.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/optim/optim.h"

namespace gramgrad::nn {

using Values = std::vector<double>;
struct Sample {
  double loss;
  Values gradient;
};
using Function = Sample (*)(const Values&);

// The functions of tests/golden/make_optim_goldens.py, operation for operation.
inline Sample valley(const Values& x) {
  Sample s{0, Values(x.size(), 0.0)};
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const double u = x[i + 1] - x[i] * x[i];
    const double v = 1.0 - x[i];
    s.loss = s.loss + (10.0 * u * u + v * v);
    s.gradient[i] = s.gradient[i] - (40.0 * u * x[i] + 2.0 * v);
    s.gradient[i + 1] = s.gradient[i + 1] + 20.0 * u;
  }
  return s;
}

inline Sample quadratic(const Values& x) {
  Sample s{0, Values(x.size(), 0.0)};
  double c = 1.0 / 32.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = x[i] - static_cast<double>(i);
    s.loss = s.loss + c * u * u;
    s.gradient[i] = 2.0 * c * u;
    c = c * 2.0;
  }
  return s;
}

inline Tensor tensor_of(const Values& values, DType dtype = DType::f64) {
  static const Device device = Device::reference();
  return Tensor::from_host<double>(device, {static_cast<std::int64_t>(values.size())}, dtype,
                                   values);
}

inline Evaluate evaluation(const Tensor& x, Function function) {
  return [&x, function] {
    const Sample s = function(x.to_host<double>());
    return Evaluation{tensor_of({s.loss}, x.dtype()), tensor_of(s.gradient, x.dtype())};
  };
}

inline StepResult step(Optimizer& optimizer, Tensor& x, const Evaluate& evaluate) {
  optimizer.step(x, evaluate);
  return optimizer.result();
}

}  // namespace gramgrad::nn
