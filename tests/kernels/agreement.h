// Runs operator cases, and compares their results with exact ones.
#pragma once

#include "tests/kernels/cases.h"

namespace gramgrad::tests {

constexpr double f32_epsilon = 0x1p-23;

// Runs the case and waits for the device.
std::vector<Result> results_of(const OperatorCase& operator_case, const Device& device,
                               const Inputs::Options& options);

// How far an element may be off, relative to its magnitude.
using Bound = double (*)(const Tolerance& tolerance);
double f32_bound(const Tolerance& tolerance);

// Fails the test where an element is further off; NaN always is. `magnitude`: the sum of the terms'
// absolute values, for each element.
void expect_close(const Result& actual, const Result& expected, const Result& magnitude,
                  Bound bound = f32_bound);

}  // namespace gramgrad::tests
