// Random f64 tensors on the reference device, and sums over them: what the tests of the reference
// itself compute with.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "tests/kernels/cases.h"

namespace gramgrad::tests {

inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float inf = std::numeric_limits<float>::infinity();

// The seed of random inputs; GRAMGRAD_TEST_SEED sets another.
inline std::uint64_t test_seed() {
  const char* text = std::getenv("GRAMGRAD_TEST_SEED");
  return text == nullptr ? 20 : std::strtoull(text, nullptr, 10);
}

inline Inputs random_f64(const Device& device) {
  return {device, {.dtype = DType::f64, .seed = test_seed()}};
}

inline Tensor f64_tensor(const Device& device, const Shape& shape,
                         const std::vector<double>& values) {
  return Tensor::from_host<double>(device, shape, DType::f64, values);
}

struct Dot {
  double value = 0;
  double magnitude = 0;  // sum of the terms' absolute values
};

inline Dot dot_of(const Tensor& a, const Tensor& b) {
  const auto x = a.to_host<double>();
  const auto y = b.to_host<double>();
  Dot dot;
  for (std::size_t i = 0; i < x.size(); ++i) {
    dot.value += x[i] * y[i];
    dot.magnitude += std::abs(x[i] * y[i]);
  }
  return dot;
}

}  // namespace gramgrad::tests
