// The two 16-bit floating-point formats of weights files, f16 (IEEE 754 binary16) and bf16 (the
// upper half of an f32), converted to and from f32.
//
// Widening is exact. Narrowing rounds to nearest, ties to even; what is too large becomes infinity;
// a NaN stays a NaN. No step reads or makes an f32 subnormal whose value matters, so the results do
// not depend on whether the processor flushes subnormals to zero. The widening functions have no
// branches that a compiler cannot turn into selects, so loops over them vectorise.
#pragma once

#include <bit>
#include <cstdint>

#include "kernels/bf16.h"

namespace gramgrad::nn {

// f16 has a bias of 15 and 10 bits of mantissa, f32 a bias of 127 and 23 bits.
constexpr float f16_to_f32(std::uint16_t half) noexcept {
  constexpr std::uint32_t rebias = (127u - 15u) << 23;
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t magnitude = (half & 0x7fffu) << 13;
  // An f16 subnormal is m · 2^-24. Its bits under the exponent of 2^-14 are 2^-14 + m · 2^-24, and
  // the subtraction is exact.
  const float subnormal = std::bit_cast<float>(magnitude + rebias + (1u << 23)) - 0x1p-14f;
  const std::uint32_t normal = magnitude + rebias;
  const std::uint32_t special = normal + rebias;  // infinity and NaN: exponent 31 becomes 255
  const std::uint32_t finite =
      (half & 0x7c00u) == 0 ? std::bit_cast<std::uint32_t>(subnormal) : normal;
  return std::bit_cast<float>(sign | ((half & 0x7c00u) == 0x7c00u ? special : finite));
}

constexpr std::uint16_t f32_to_f16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {  // NaN: made quiet, the upper bits of its payload kept
    return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
  }
  if (magnitude >= 0x477ff000u) {  // from 65520, halfway between the largest f16 and 65536
    return static_cast<std::uint16_t>(sign | 0x7c00u);
  }
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the result is a subnormal, a multiple of 2^-24. That is the spacing of f32 in
    // [0.5, 1), so adding 0.5 rounds as wanted and leaves the multiple in the lowest bits.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  magnitude += 0xfffu + ((magnitude >> 13) & 1u);  // ties go to the even neighbour
  return static_cast<std::uint16_t>(sign | ((magnitude - ((127u - 15u) << 23)) >> 13));
}

constexpr float bf16_to_f32(std::uint16_t brain) noexcept {
  return to_f32(Bf16{brain});
}

constexpr std::uint16_t f32_to_bf16(float value) noexcept {
  return to_bf16(value).bits;
}

}  // namespace gramgrad::nn
