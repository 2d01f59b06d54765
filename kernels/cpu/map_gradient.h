// The gradient that flows through ReLU and pooling, row by row:
// dz = relu_mask * (dy + unpool(dpooled)), every part of it optional.
#pragma once

#include <cstdint>

#include "kernels/ops.h"

namespace gramgrad::cpu {

// One image. Null: no such part.
struct MapGradient {
  std::int64_t height, width, channels;
  const float* dy = nullptr;                // [height, width, channels]
  const std::uint8_t* relu_mask = nullptr;  // [height, width, ceil(channels/8)]
  Pool2dParams pool = {};
  std::int64_t pooled_height = 0, pooled_width = 0;
  const float* dpooled = nullptr;         // [pooled_height, pooled_width, channels]
  const std::uint8_t* winners = nullptr;  // as dpooled; null: average pooling
};

// dz (+)= row h of the gradient; dz [width, channels].
void write_gradient_row(const MapGradient& gradient, std::int64_t h, float* dz, WriteMode mode);

// Image n of a convolution's dz [N, H, W, C], whose shape is `full`.
MapGradient image_gradient(const Conv2dParams& params, const Conv2dGradients& gradients,
                           const Shape& full, std::int64_t n);

}  // namespace gramgrad::cpu
