// bf16, the upper half of an f32: how feature maps may be stored. Nothing is computed in it: values
// are widened, which is exact, and results rounded once.
#pragma once

#include <cstdint>
#include <type_traits>

// In CUDA's language these functions are for host and GPU alike.
#if defined(__CUDACC__)
#define GRAMGRAD_ON_HOST_AND_DEVICE __host__ __device__
#else
#define GRAMGRAD_ON_HOST_AND_DEVICE
#endif

namespace gramgrad {

struct Bf16 {
  std::uint16_t bits;
};

GRAMGRAD_ON_HOST_AND_DEVICE constexpr float to_f32(Bf16 value) noexcept {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(value.bits) << 16);
}

// To nearest, ties to even; what is too large becomes infinity; a NaN stays a NaN, made quiet.
GRAMGRAD_ON_HOST_AND_DEVICE constexpr Bf16 to_bf16(float value) noexcept {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t rounded =
      (bits & 0x7fffffffU) > 0x7f800000U ? bits | 0x400000U : bits + 0x7fffU + (bits >> 16 & 1U);
  return {static_cast<std::uint16_t>(rounded >> 16)};
}

// The same for f32, which loses nothing, so that one source serves maps of either type.
GRAMGRAD_ON_HOST_AND_DEVICE constexpr float to_f32(float value) noexcept {
  return value;
}
template <typename T>
GRAMGRAD_ON_HOST_AND_DEVICE constexpr T rounded_to(float value) noexcept {
  if constexpr (std::is_same_v<T, Bf16>) {
    return to_bf16(value);
  } else {
    return value;
  }
}

}  // namespace gramgrad
