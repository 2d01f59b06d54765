// ReLU: y = max(0, x). Its gradient needs one bit an element.
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {

Variable relu(const Variable& x) {
  Tensor y(x.device(), x.shape(), x.value().dtype());
  if (!x.requires_grad()) {
    x.device().ops().relu(x.value(), y, nullptr);
    return Variable(std::move(y));
  }
  Tensor mask(x.device(), relu_mask_shape(x.shape()), DType::u8);
  x.device().ops().relu(x.value(), y, &mask);
  return record("relu", std::move(y), {x}, [mask](Backward& step) {
    step.into(0, [&](Tensor& dx, WriteMode mode) {
      dx.device().ops().relu_backward(step.dy(), mask, dx, mode);
    });
  });
}

}  // namespace gramgrad::autograd
