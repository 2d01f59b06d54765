// Total variation of a picture, in the forms that the peer tools use (TvForm in kernels/ops.h).
#include "autograd/functions.h"
#include "autograd/functions/one_pass_loss.h"

namespace gramgrad::autograd {

Variable tv_loss(const TvLossParams& params, const Variable& image) {
  return one_pass_loss("tv_loss", image, [&](Tensor& loss, Tensor* dx) {
    image.device().ops().tv_loss(params, image.value(), loss, dx);
  });
}

}  // namespace gramgrad::autograd
