// The ReLU's bit mask, [pixels, ceil(channels/8)] bytes; bits beyond the last channel are 0.
#pragma once

#include <cstdint>

#include "kernels/reference/loops.h"

namespace gramgrad::reference {

inline bool relu_mask_bit(const std::uint8_t* mask, Index channels, Index pixel, Index channel) {
  return (mask[pixel * ((channels + 7) / 8) + channel / 8] >> (channel % 8) & 1) != 0;
}

template <typename T>
void write_relu_mask(const T* y, Index pixels, Index channels, std::uint8_t* mask) {
  const Index bytes = (channels + 7) / 8;
  parallel_for(pixels, channels, [=](Index pixel) {
    const T* values = y + pixel * channels;
    std::uint8_t* row = mask + pixel * bytes;
    std::fill_n(row, bytes, std::uint8_t{0});
    for (Index c = 0; c < channels; ++c) {
      row[c / 8] = static_cast<std::uint8_t>(row[c / 8] | (values[c] > 0) << (c % 8));
    }
  });
}

}  // namespace gramgrad::reference
