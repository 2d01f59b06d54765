// From a picture's channels to what a network was trained on: order, scale and mean.
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {

Variable channel_affine(const ChannelAffineParams& params, const Variable& image) {
  Tensor y(image.device(), image.shape(), image.value().dtype());
  image.device().ops().channel_affine(params, image.value(), y);
  return record("channel_affine", std::move(y), {image}, [params](Backward& step) {
    step.into(0, [&](Tensor& dx, WriteMode mode) {
      dx.device().ops().channel_affine_backward(params, step.dy(), dx, mode);
    });
  });
}

}  // namespace gramgrad::autograd
