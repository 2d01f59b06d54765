// Checks the gradient of any differentiable function against finite differences: your own loss, for
// example, in one line of a test:
//
//   EXPECT_TRUE(gradcheck([&](auto x) { return my_loss(x[0], target); }, {features}).passed);
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "autograd/variable.h"

namespace gramgrad::autograd {

struct GradcheckOptions {
  // Distance of the finite differences. The function must be smooth within 2 steps of its inputs:
  // keep them away from kinks (ReLU at 0, ties in max pooling).
  double step = 1e-3;
  // Largest allowed error, relative to the largest entry of that input's gradient. With
  // fourth-order differences in f64, rounding and truncation together stay near 1e-11 for functions
  // of order 1.
  double tolerance = 1e-8;
  // For the random projection that makes a scalar of a function with many outputs, and for the
  // gradients that are there beforehand.
  std::uint64_t seed = 1;
};

struct GradcheckReport {
  bool passed = false;
  double worst_error = 0;  // relative, over all inputs; infinite where anything was not a number
  std::string message;     // which input and element is worst, analytic and numeric value
};

using DifferentiableFunction = std::function<Variable(std::span<const Variable>)>;

// Inputs are f64 tensors on the reference device; all of them are differentiated. Checked twice:
// once from cleared gradients, once adding to gradients that are already there.
GradcheckReport gradcheck(const DifferentiableFunction& function, std::span<const Tensor> inputs,
                          const GradcheckOptions& options = {});
GradcheckReport gradcheck(const DifferentiableFunction& function,
                          std::initializer_list<Tensor> inputs,
                          const GradcheckOptions& options = {});

}  // namespace gramgrad::autograd
