// Widening of stored tensors. Elements are read through memcpy because the bytes may lie anywhere
// (a mapped file, the program itself, a buffer); compilers turn that into plain vector loads.
#include "nn/tensor_view.h"

#include <cstring>

#include "kernels/check.h"
#include "nn/half.h"

namespace gramgrad::nn {
namespace {

template <typename Stored>
Stored load(const std::byte* data, std::size_t index) {
  Stored value;
  std::memcpy(&value, data + index * sizeof(Stored), sizeof(Stored));
  return value;
}

template <typename Stored, typename Out, typename Widen>
void expand_as(const TensorView& tensor, std::span<Out> out, Widen widen) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<Out>(widen(load<Stored>(tensor.data.data(), i)));
  }
}

template <typename Out>
void expand(const TensorView& tensor, std::span<Out> out) {
  check(out.size() == tensor.element_count(),
        "tensor {} has {} elements and cannot be expanded into {}", tensor.name,
        tensor.element_count(), out.size());
  switch (tensor.dtype) {
    case DType::f32:
      return expand_as<float>(tensor, out, [](float value) { return value; });
    case DType::f16:
      return expand_as<std::uint16_t>(tensor, out, f16_to_f32);
    case DType::bf16:
      return expand_as<std::uint16_t>(tensor, out, bf16_to_f32);
    default:
      fail("tensor {} is {}; weights are f32, f16 or bf16", tensor.name, name_of(tensor.dtype));
  }
}

// A value is infinite or NaN exactly if all bits of its exponent are set.
template <typename Stored>
bool exponents_below(const TensorView& tensor, Stored exponent_mask) {
  unsigned found = 0;
  for (std::size_t i = 0; i < tensor.element_count(); ++i) {
    found |= (load<Stored>(tensor.data.data(), i) & exponent_mask) == exponent_mask ? 1u : 0u;
  }
  return found == 0;
}

}  // namespace

void expand_to_f32(const TensorView& tensor, std::span<float> out) {
  expand(tensor, out);
}

void expand_to_f64(const TensorView& tensor, std::span<double> out) {
  expand(tensor, out);
}

bool all_finite(const TensorView& tensor) {
  switch (tensor.dtype) {
    case DType::f32:
      return exponents_below<std::uint32_t>(tensor, 0x7f800000u);
    case DType::f16:
      return exponents_below<std::uint16_t>(tensor, 0x7c00u);
    case DType::bf16:
      return exponents_below<std::uint16_t>(tensor, 0x7f80u);
    default:
      fail("tensor {} is {}; weights are f32, f16 or bf16", tensor.name, name_of(tensor.dtype));
  }
}

}  // namespace gramgrad::nn
