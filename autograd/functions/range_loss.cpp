// Keeps a picture's values in [low, high] softly: weight * mean (x - clamp(x, low, high))^2.
#include "autograd/functions.h"
#include "autograd/functions/one_pass_loss.h"

namespace gramgrad::autograd {

Variable range_loss(const RangeLossParams& params, const Variable& image) {
  return one_pass_loss("range_loss", image, [&](Tensor& loss, Tensor* dx) {
    image.device().ops().range_loss(params, image.value(), loss, dx);
  });
}

}  // namespace gramgrad::autograd
