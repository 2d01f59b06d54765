// conv2d and conv2d_backward_input (kernels/ops.h) by Winograd's convolution, for what it suits.
#pragma once

#include "kernels/ops.h"

namespace gramgrad::cpu {

// 3x3, stride 1, enough channels on both sides to be worth the transforms.
bool suits_winograd(const Conv2dParams& params, const Shape& w);

// Arguments have been checked.
void winograd_conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w,
                     const Tensor& bias, const Conv2dOutputs& outputs);
void winograd_conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                                    const Tensor& w, Tensor& dx, WriteMode mode);

}  // namespace gramgrad::cpu
