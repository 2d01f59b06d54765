// The CPU device's operator table.
#include "kernels/cpu/cpu_ops.h"

namespace gramgrad {

Ops cpu_ops() {
  return {
      .fill = cpu::fill,
      .copy = cpu::copy,
      .axpby = cpu::axpby,
      .multiply_scalar = cpu::multiply_scalar,
      .multiply = cpu::multiply,
      .clamp = cpu::clamp,
      .sum = cpu::sum,
      .dot = cpu::dot,
      .sum_absolute = cpu::sum_absolute,
      .max_absolute = cpu::max_absolute,
      .conv2d = cpu::conv2d,
      .conv2d_backward_input = cpu::conv2d_backward_input,
      .conv2d_backward_weight = cpu::conv2d_backward_weight,
      .relu = cpu::relu,
      .relu_backward = cpu::relu_backward,
      .pool2d = cpu::pool2d,
      .pool2d_backward = cpu::pool2d_backward,
      .gram = cpu::gram,
      .gram_backward = cpu::gram_backward,
      .gram_style_loss = cpu::gram_style_loss,
      .channel_statistics = cpu::channel_statistics,
      .channel_statistics_backward = cpu::channel_statistics_backward,
      .content_loss = cpu::content_loss,
      .tv_loss = cpu::tv_loss,
      .range_loss = cpu::range_loss,
      .channel_affine = cpu::channel_affine,
      .channel_affine_backward = cpu::channel_affine_backward,
      .resize = cpu::resize,
      .resize_backward = cpu::resize_backward,
      .adam_step = cpu::adam_step,
      .sgd_step = cpu::sgd_step,
      .lbfgs_step = cpu::lbfgs_step,
      .append_row = reference_ops().append_row,
  };
}

}  // namespace gramgrad
