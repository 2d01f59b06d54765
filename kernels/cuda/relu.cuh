// ReLU and its bit mask, for the operator and for the end of a convolution.
#pragma once

#include "kernels/cuda/launcher.cuh"

namespace gramgrad::cuda {

// Bit of a channel in the mask [pixels, ceil(channels/8)].
__device__ inline bool relu_mask_bit(const std::uint8_t* mask, unsigned channels, Index pixel,
                                     unsigned channel) {
  return (mask[pixel * ceil_div(channels, 8U) + channel / 8] >> (channel % 8) & 1) != 0;
}

// y = max(0, x), maps [pixels, channels]; y may be x. mask may be null. T: float or Bf16.
template <typename T>
void launch_relu(Stream stream, const T* x, T* y, std::uint8_t* mask, Index pixels, Index channels);

}  // namespace gramgrad::cuda
