// Runs operator cases, and compares their results with exact ones.
#pragma once

#include <string>

#include "tests/kernels/cases.h"

namespace gramgrad::tests {

// Runs the case and waits for the device.
std::vector<Result> results_of(const OperatorCase& operator_case, const Device& device,
                               const Inputs::Options& options);

// How far an element may be off, relative to its magnitude.
using Bound = double (*)(const Tolerance& tolerance);
double f32_bound(const Tolerance& tolerance);
// Of exact products that tensor cores add: sums are cut off, not rounded, after every eight
// products or fewer, and each time lose up to eps of the partial sum, always towards zero.
double tensor_core_bound(const Tolerance& tolerance);
// The same, where maps are rounded to bf16 on the way. Errors of different terms are independent:
// see tf32_bound in tf32_test.cpp.
double bf16_bound(const Tolerance& tolerance);

// The first element that is further off, in words; empty where there is none. NaN always is. A
// result in bf16 may be off by its own rounding besides.
// `magnitude`: the sum of the terms' absolute values, for each element.
std::string disagreement(const Result& actual, const Result& expected, const Result& magnitude,
                         Bound bound = f32_bound);

// The case on a device, with these inputs, against the reference in f64.
std::string disagreement(const OperatorCase& operator_case, const Device& device,
                         const Inputs::Options& inputs, Bound bound);

}  // namespace gramgrad::tests
