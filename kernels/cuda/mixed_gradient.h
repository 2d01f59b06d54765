// The input's gradient in mixed precision: of numbers rounded to bf16, added to a gradient in f32.
#pragma once

#include "kernels/ops.h"

namespace gramgrad::cuda {

// Ops::conv2d_backward_input. Of maps in f32 it gives `in_bf16`, which is that operator for maps in
// bf16, the gradient that has passed ReLU and pooling, and the weights, rounded to bf16; its result
// (cuDNN 9.19 has no engine that would write it in f32) is added in f32. Of maps in bf16 it is
// `in_bf16`.
void mixed_conv2d_backward_input(decltype(Ops::conv2d_backward_input) in_bf16,
                                 const Conv2dParams& params, const Conv2dGradients& gradients,
                                 const Tensor& w, Tensor& dx, WriteMode mode);

}  // namespace gramgrad::cuda
