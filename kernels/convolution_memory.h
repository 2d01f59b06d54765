// Memory that convolutions take beside their arguments: for predictions of what a run will need.
#pragma once

#include <cstdint>

#include "kernels/ops.h"

namespace gramgrad {

// In bytes.
struct ConvolutionMemory {
  std::int64_t packed = 0;              // copy of frozen weights that is kept for conv2d
  std::int64_t packed_gradient = 0;     // and for conv2d_backward_input
  std::int64_t workspace = 0;           // during a call of conv2d
  std::int64_t workspace_gradient = 0;  // and of conv2d_backward_input
};

// Of the convolution of x [1, H, W, I] with w [O, Kh, Kw, I]. Zeros for devices that take none.
ConvolutionMemory convolution_memory(const Device& device, const Conv2dParams& params,
                                     const Shape& x, const Shape& w);

}  // namespace gramgrad
