// The CUDA device's operator table.
#include "kernels/cuda/cuda_ops.h"

namespace gramgrad {

Ops cuda_ops() {
  return {
      .fill = cuda::fill,
      .copy = cuda::copy,
      .axpby = cuda::axpby,
      .multiply_scalar = cuda::multiply_scalar,
      .multiply = cuda::multiply,
      .clamp = cuda::clamp,
      .sum = cuda::sum,
      .dot = cuda::dot,
      .sum_absolute = cuda::sum_absolute,
      .max_absolute = cuda::max_absolute,
      .conv2d = cuda::conv2d,
      .conv2d_backward_input = cuda::conv2d_backward_input,
      .conv2d_backward_weight = cuda::conv2d_backward_weight,
      .relu = cuda::relu,
      .relu_backward = cuda::relu_backward,
      .pool2d = cuda::pool2d,
      .pool2d_backward = cuda::pool2d_backward,
      .gram = cuda::gram,
      .gram_backward = cuda::gram_backward,
      .gram_style_loss = cuda::gram_style_loss,
      .channel_statistics = cuda::channel_statistics,
      .channel_statistics_backward = cuda::channel_statistics_backward,
      .content_loss = cuda::content_loss,
      .tv_loss = cuda::tv_loss,
      .range_loss = cuda::range_loss,
      .channel_affine = cuda::channel_affine,
      .channel_affine_backward = cuda::channel_affine_backward,
      .resize = cuda::resize,
      .resize_backward = cuda::resize_backward,
      .adam_step = cuda::adam_step,
      .sgd_step = cuda::sgd_step,
      .lbfgs_step = cuda::lbfgs_step,
      .append_row = cuda::append_row,
  };
}

}  // namespace gramgrad
