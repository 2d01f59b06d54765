// The gradient before the convolution is rounded where it passes ReLU and pooling, which a gradient
// in f32 does too: what mixed precision moves besides is the weights, and the result once.
#include "kernels/cuda/mixed_gradient.h"

#include "kernels/cuda/conv2d.cuh"
#include "kernels/cuda/cuda_ops.h"

namespace gramgrad::cuda {

void mixed_conv2d_backward_input(decltype(Ops::conv2d_backward_input) in_bf16,
                                 const Conv2dParams& params, const Conv2dGradients& gradients,
                                 const Tensor& w, Tensor& dx, WriteMode mode) {
  check_conv2d_backward_input(params, gradients, w, dx);
  if (dx.dtype() != DType::f32) {
    in_bf16(params, gradients, w, dx, mode);
    return;
  }
  const Device& device = dx.device();
  const Shape full = conv2d_output_shape(params, dx.shape(), w.shape());
  Tensor dz(device, full, DType::bf16);
  launch_map_gradient(stream_of(dx), map_gradient<float>(gradients, full), dz.data<Bf16>(),
                      expect_small(full), WriteMode::assign);
  Tensor rounded_w(device, w.shape(), DType::bf16);
  axpby(1, w, 0, rounded_w);
  Tensor rounded_dx(device, dx.shape(), DType::bf16);
  const Conv2dParams convolution_alone{.stride = params.stride, .padding = params.padding};
  in_bf16(convolution_alone, {.dy = &dz}, rounded_w, rounded_dx, WriteMode::assign);
  axpby(1, rounded_dx, adds(mode) ? 1 : 0, dx);
}

}  // namespace gramgrad::cuda
