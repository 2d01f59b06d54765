// ReLU and its bit mask over part of a feature map.
#pragma once

#include <cstdint>

namespace gramgrad::cpu {

// y = max(0, x), NaN stays NaN; x may be y. Bit (c % 8) of byte c/8 of each pixel in bits
// [pixels, ceil(channels/8)] is y > 0; null: unwanted.
void write_relu(const float* x, float* y, std::int64_t pixels, std::int64_t channels,
                std::uint8_t* bits);

}  // namespace gramgrad::cpu
