// Another element type: f32 to bf16 where a picture enters a network, back where something that
// takes f32 looks at a feature map. The gradient goes the other way.
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {

Variable convert(const Variable& x, DType dtype) {
  if (x.value().dtype() == dtype) {
    return x;
  }
  Tensor y(x.device(), x.shape(), dtype);
  x.device().ops().axpby(1.0, x.value(), 0.0, y);
  return record("convert", std::move(y), {x}, [](Backward& step) {
    step.into(0, [&](Tensor& dx, WriteMode mode) {
      dx.device().ops().axpby(1.0, step.dy(), mode == WriteMode::accumulate ? 1.0 : 0.0, dx);
    });
  });
}

}  // namespace gramgrad::autograd
