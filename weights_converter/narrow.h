// From the double precision in which weights are computed to the type in which they are stored.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "nn/half.h"

namespace gramgrad::converter {

// Rounded to odd: cut off, and the last bit set if anything was lost. Rounding the result to f16 or
// bf16 gives what rounding `value` itself to nearest would, which rounding twice to nearest does
// not (Boldo and Melquiond 2008).
inline float round_to_odd(double value) noexcept {
  const auto nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || !std::isfinite(nearest)) {
    return nearest;
  }
  auto bits = std::bit_cast<std::uint32_t>(nearest);
  if (std::abs(static_cast<double>(nearest)) > std::abs(value)) {
    --bits;  // the next float towards zero; the sign is in another bit
  }
  return std::bit_cast<float>(bits | 1u);
}

inline std::uint16_t to_f16(double value) noexcept {
  return nn::f32_to_f16(round_to_odd(value));
}

inline std::uint16_t to_bf16(double value) noexcept {
  return nn::f32_to_bf16(round_to_odd(value));
}

}  // namespace gramgrad::converter
