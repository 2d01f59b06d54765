// One array of NumPy's `.npy` format (NumPy Enhancement Proposal 1), versions 1.0 to 3.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/dtype.h"

namespace gramgrad {

struct NpyArray {
  DType dtype = DType::f32;         // f16 or f32, little-endian
  std::vector<std::int64_t> shape;  // empty for a single number
  std::span<const std::byte> data;  // in C order, inside the bytes given to parse_npy
};

// Throws Error for whatever is not a whole, C-ordered, little-endian array of f16 or f32.
NpyArray parse_npy(std::span<const std::byte> file);

}  // namespace gramgrad
