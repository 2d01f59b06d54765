// Resampling of a picture to another size.
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {

Variable resize(ResizeFilter filter, const Variable& image, std::int64_t height,
                std::int64_t width) {
  const Shape& shape = image.shape();
  check(shape.rank() == 4, "resize: a picture {} is not [N,H,W,C]", shape.to_string());
  Tensor y(image.device(), {shape[0], height, width, shape[3]}, image.value().dtype());
  image.device().ops().resize(filter, image.value(), y);
  return record("resize", std::move(y), {image}, [filter](Backward& step) {
    step.into(0, [&](Tensor& dx, WriteMode mode) {
      dx.device().ops().resize_backward(filter, step.dy(), dx, mode);
    });
  });
}

}  // namespace gramgrad::autograd
