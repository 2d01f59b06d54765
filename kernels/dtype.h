// Element types of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gramgrad {

// f32 is computed on every device, f64 on the reference device only. On CUDA devices feature maps,
// convolution weights and biases may be stored in bf16. f16 is a storage type of weights files. u8
// holds masks and packed bits.
enum class DType : std::uint8_t { f32, f64, f16, bf16, u8 };

constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return 4;
    case DType::f64:
      return 8;
    case DType::f16:
    case DType::bf16:
      return 2;
    case DType::u8:
      return 1;
  }
  return 0;
}

// The type of what is computed of maps of that type and is no map itself: sums, losses, Gram
// matrices, pictures.
constexpr DType sum_type(DType map) {
  return map == DType::bf16 ? DType::f32 : map;
}

constexpr std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::f64:
      return "f64";
    case DType::f16:
      return "f16";
    case DType::bf16:
      return "bf16";
    case DType::u8:
      return "u8";
  }
  return "?";
}

}  // namespace gramgrad
