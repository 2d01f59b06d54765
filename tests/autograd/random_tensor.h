// Random inputs for the autograd's tests.
#pragma once

#include <random>
#include <vector>

#include "kernels/tensor.h"

namespace gramgrad::autograd {

// f64 on the reference device, uniform in [-1, 1), the same numbers everywhere.
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
  static const Device device = Device::reference();
  std::mt19937_64 generator(seed);
  std::vector<double> values(static_cast<std::size_t>(shape.size()));
  for (double& value : values) {
    value = static_cast<double>(generator() >> 11) * 0x1p-52 - 1.0;
  }
  return Tensor::from_host<double>(device, shape, DType::f64, values);
}

}  // namespace gramgrad::autograd
