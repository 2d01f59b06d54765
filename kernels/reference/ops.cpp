// The reference device's operator table.
#include "kernels/ops.h"

#include "kernels/reference/operators.h"

namespace gramgrad {

Ops reference_ops() {
  return {
      .fill = reference::fill,
      .copy = reference::copy,
      .axpby = reference::axpby,
      .multiply_scalar = reference::multiply_scalar,
      .multiply = reference::multiply,
      .clamp = reference::clamp,
      .sum = reference::sum,
      .dot = reference::dot,
      .sum_absolute = reference::sum_absolute,
      .max_absolute = reference::max_absolute,
      .conv2d = reference::conv2d,
      .conv2d_backward_input = reference::conv2d_backward_input,
      .conv2d_backward_weight = reference::conv2d_backward_weight,
      .relu = reference::relu,
      .relu_backward = reference::relu_backward,
      .pool2d = reference::pool2d,
      .pool2d_backward = reference::pool2d_backward,
      .gram = reference::gram,
      .gram_backward = reference::gram_backward,
      .gram_style_loss = reference::gram_style_loss,
      .channel_statistics = reference::channel_statistics,
      .channel_statistics_backward = reference::channel_statistics_backward,
      .content_loss = reference::content_loss,
      .tv_loss = reference::tv_loss,
      .range_loss = reference::range_loss,
      .channel_affine = reference::channel_affine,
      .channel_affine_backward = reference::channel_affine_backward,
      .resize = reference::resize,
      .resize_backward = reference::resize_backward,
      .adam_step = reference::adam_step,
      .sgd_step = reference::sgd_step,
      .lbfgs_step = reference::lbfgs_step,
      .append_row = reference::append_row,
  };
}

}  // namespace gramgrad
