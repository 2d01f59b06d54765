// Convolution with bias, ReLU and pooling fused.
//
// For the gradient with respect to the input, one bit an output (ReLU) and one byte a pooled cell
// (max pooling) are saved; the input itself only if the weights want a gradient. So with frozen
// weights no feature map outlives the forward pass unless somebody taps it.
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {
namespace {

// What the backward pass needs, as tensors; undefined: not needed.
struct Saved {
  Conv2dParams params;
  Tensor x, w, relu_mask, pool_mask;
};

const Tensor* or_null(const Tensor& tensor) {
  return tensor.defined() ? &tensor : nullptr;
}
Tensor* or_null(Tensor& tensor) {
  return tensor.defined() ? &tensor : nullptr;
}

// Both gradients come from one call, whichever is wanted, and are added to what is there.
void weight_backward(const Saved& saved, const Conv2dGradients& gradients, Backward& step) {
  const Ops& ops = saved.x.device().ops();
  Tensor dw(saved.x.device(), saved.w.shape(), saved.w.dtype());
  Tensor dbias(saved.x.device(), {saved.w.shape()[0]}, saved.w.dtype());
  ops.conv2d_backward_weight(saved.params, gradients, saved.x, dw, dbias, WriteMode::assign);
  const auto pass_on = [&](int input, const Tensor& computed) {
    step.into(input, [&](Tensor& gradient, WriteMode mode) {
      ops.axpby(1.0, computed, mode == WriteMode::accumulate ? 1.0 : 0.0, gradient);
    });
  };
  pass_on(1, dw);
  pass_on(2, dbias);
}

void conv2d_backward(const Saved& saved, Backward& step) {
  const Conv2dGradients gradients{step.dy_or_null(0), step.dy_or_null(1), or_null(saved.relu_mask),
                                  or_null(saved.pool_mask)};
  step.into(0, [&](Tensor& dx, WriteMode mode) {
    dx.device().ops().conv2d_backward_input(saved.params, gradients, saved.w, dx, mode);
  });
  if (saved.x.defined()) {
    weight_backward(saved, gradients, step);
  }
}

}  // namespace

Conv2dResult conv2d(const Conv2dParams& params, const Variable& x, const Variable& w,
                    const Variable& bias, bool want_full_resolution) {
  const Device& device = x.device();
  const DType dtype = x.value().dtype();
  const bool pooled = params.pool != PoolKind::none;
  const bool weights_want_gradient = w.requires_grad() || bias.requires_grad();
  const bool wants_gradient = x.requires_grad() || weights_want_gradient;
  const Shape full_shape = conv2d_output_shape(params, x.shape(), w.shape());

  Tensor y, y_pooled;
  if (!pooled || want_full_resolution) {
    y = Tensor(device, full_shape, dtype);
  }
  Saved saved{params, weights_want_gradient ? x.value() : Tensor(), w.value(), {}, {}};
  if (wants_gradient && params.relu) {
    saved.relu_mask = Tensor(device, relu_mask_shape(full_shape), DType::u8);
  }
  if (pooled) {
    const Shape pooled_shape = conv2d_pooled_shape(params, x.shape(), w.shape());
    y_pooled = Tensor(device, pooled_shape, dtype);
    if (wants_gradient && params.pool == PoolKind::max) {
      saved.pool_mask = Tensor(device, pooled_shape, DType::u8);
    }
  }
  device.ops().conv2d(
      params, x.value(), w.value(), bias.value(),
      {or_null(y), or_null(y_pooled), or_null(saved.relu_mask), or_null(saved.pool_mask)});
  auto outputs =
      record("conv2d", {std::move(y), std::move(y_pooled)}, std::array{x, w, bias},
             [saved = std::move(saved)](Backward& step) { conv2d_backward(saved, step); });
  return {std::move(outputs[0]), std::move(outputs[1])};
}

}  // namespace gramgrad::autograd
