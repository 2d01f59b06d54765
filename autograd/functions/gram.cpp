// The Gram matrix of a feature map: G = scale * F^T F, with F [H*W, C].
// Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016,
// eq. 3. Its gradient: dF = scale * F (dG + dG^T).
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {

Variable gram(const Variable& features, double scale) {
  const Shape& shape = features.shape();
  check(shape.rank() == 4, "gram: features {} are not [N,H,W,C]", shape.to_string());
  Tensor g(features.device(), {shape[0], shape[3], shape[3]}, sum_type(features.value().dtype()));
  features.device().ops().gram(scale, features.value(), g);
  return record("gram", std::move(g), {features}, [scale, f = features.value()](Backward& step) {
    step.into(0, [&](Tensor& df, WriteMode mode) {
      df.device().ops().gram_backward(scale, f, step.dy(), df, mode);
    });
  });
}

}  // namespace gramgrad::autograd
