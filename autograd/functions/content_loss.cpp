// Content loss: weight * ||F - P||^2. Gatys, Ecker, Bethge 2016, equation 1 (there weight = 1/2).
#include "autograd/functions.h"
#include "autograd/functions/one_pass_loss.h"

namespace gramgrad::autograd {

Variable content_loss(const Variable& x, const Tensor& target, double weight) {
  return one_pass_loss("content_loss", x, [&](Tensor& loss, Tensor* dx) {
    x.device().ops().content_loss(weight, x.value(), target, loss, dx);
  });
}

}  // namespace gramgrad::autograd
