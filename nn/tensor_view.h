// A named tensor inside a weights file, as stored: not copied, not widened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/dtype.h"

namespace gramgrad::nn {

struct TensorView {
  std::string name;                 // such as "conv1_1.weight"
  DType dtype = DType::f32;         // f32, f16 or bf16
  std::vector<std::int64_t> shape;  // convolution weights [out, kh, kw, in], biases [out]
  std::span<const std::byte> data;  // little-endian, the last dimension runs fastest

  std::size_t element_count() const { return data.size() / size_of(dtype); }
};

// Widens every element, exactly, into `out`, which must have room for just element_count() values;
// throws Error otherwise and for an element type that weights files do not have.
void expand_to_f32(const TensorView& tensor, std::span<float> out);
void expand_to_f64(const TensorView& tensor, std::span<double> out);

// Whether every element is finite: neither NaN nor infinite.
bool all_finite(const TensorView& tensor);

}  // namespace gramgrad::nn
