// The gradient that flows back through ReLU and pooling: dz (+)= relu_mask * (dy +
// unpool(dpooled)), every part of it optional.
#pragma once

#include "kernels/cuda/launcher.cuh"

namespace gramgrad::cuda {

// Null: no such part. T: float or Bf16.
template <typename T>
struct MapGradient {
  unsigned height, width, channels;         // of dz and dy
  const T* dy = nullptr;                    // [N, height, width, channels]
  const std::uint8_t* relu_mask = nullptr;  // [N, height, width, ceil(channels/8)]
  const T* dpooled = nullptr;               // [N, pooled_height, pooled_width, channels]
  const std::uint8_t* winners = nullptr;    // as dpooled; null: average pooling
  unsigned pooled_height = 0, pooled_width = 0;
  unsigned window = 2, stride = 2;
};

// dz [N, height, width, channels], of `count` < 2^31 elements, as T or from f32 rounded to bf16.
template <typename T, typename Out>
void launch_map_gradient(Stream stream, const MapGradient<T>& gradient, Out* dz, unsigned count,
                         WriteMode mode);

}  // namespace gramgrad::cuda
