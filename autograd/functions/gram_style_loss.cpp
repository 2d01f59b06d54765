// Style loss in one operator: weight * ||G - A||_F^2 with G = gram_scale * F^T F and target A.
// The forward pass leaves dL/dG = 2 weight (G - A) behind, a small matrix; the backward pass is the
// gradient of the Gram matrix.
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {

Variable gram_style_loss(const GramStyleLossParams& params, const Variable& features,
                         const Tensor& target) {
  const Device& device = features.device();
  const DType dtype = sum_type(features.value().dtype());
  Tensor loss(device, {1}, dtype);
  if (!features.requires_grad()) {
    device.ops().gram_style_loss(params, features.value(), target, loss, nullptr);
    return Variable(std::move(loss));
  }
  Tensor dg(device, target.shape(), dtype);
  device.ops().gram_style_loss(params, features.value(), target, loss, &dg);
  return record("gram_style_loss", std::move(loss), {features},
                [scale = params.gram_scale, f = features.value(), dg](Backward& step) {
                  step.into(0, [&](Tensor& df, WriteMode mode) {
                    const Ops& ops = df.device().ops();
                    Tensor scaled(dg.device(), dg.shape(), dg.dtype());
                    ops.multiply_scalar(step.dy(), dg, scaled, WriteMode::assign);
                    ops.gram_backward(scale, f, scaled, df, mode);
                  });
                });
}

}  // namespace gramgrad::autograd
