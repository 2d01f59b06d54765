// Pooling, for the operator and for the end of a convolution.
#pragma once

#include "kernels/cuda/launcher.cuh"

namespace gramgrad::cuda {

// x [N, H, W, C] of shape `in`; y and winners as pool2d writes them, of shape `out`; winners may be
// null. T: float or Bf16.
template <typename T>
void launch_pool(Stream stream, const Pool2dParams& params, const Shape& in, const Shape& out,
                 const T* x, T* y, std::uint8_t* winners);

}  // namespace gramgrad::cuda
