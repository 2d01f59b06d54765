// Pooling. The gradient of max pooling needs the winners' places, that of average pooling nothing.
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {

Variable pool2d(const Pool2dParams& params, const Variable& x) {
  const Shape shape = pool2d_output_shape(params, x.shape());
  Tensor y(x.device(), shape, x.value().dtype());
  Tensor mask;
  if (params.kind == PoolKind::max && x.requires_grad()) {
    mask = Tensor(x.device(), shape, DType::u8);
  }
  x.device().ops().pool2d(params, x.value(), y, mask.defined() ? &mask : nullptr);
  return record("pool2d", std::move(y), {x}, [params, mask](Backward& step) {
    step.into(0, [&](Tensor& dx, WriteMode mode) {
      dx.device().ops().pool2d_backward(params, step.dy(), mask.defined() ? &mask : nullptr, dx,
                                        mode);
    });
  });
}

}  // namespace gramgrad::autograd
