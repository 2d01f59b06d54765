// The style loss of one layer, weight sum (G - target)^2 with G = gram_scale F^T F, and its
// gradient with respect to G: from the operators that it is made of to the device's own, which
// fuses them.
#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/tensor_cores.h"

namespace gramgrad::bench {
namespace {

Tensor gram_of(const GramStyleLossParams& params, const Tensor& f, const Tensor& target) {
  Tensor g(f.device(), target.shape(), DType::f32);
  cuda::gram(params.gram_scale, f, g);
  return g;
}

// v1: an operator for each sign of the formula: G to memory, minus the target, the sum of squares,
// the weight, the gradient.
void v1(const GramStyleLossParams& params, const Tensor& f, const Tensor& target, Tensor& loss,
        Tensor* dg) {
  Tensor difference = gram_of(params, f, target);
  cuda::axpby(-1, target, 1, difference);
  cuda::dot(difference, difference, loss);
  cuda::axpby(params.weight, loss, 0, loss);
  if (dg != nullptr) {
    cuda::axpby(2 * params.weight, difference, 0, *dg);
  }
}

// v2: G to memory; difference, loss and gradient in one pass, which is the content loss of
// matrices.
void v2(const GramStyleLossParams& params, const Tensor& f, const Tensor& target, Tensor& loss,
        Tensor* dg) {
  cuda::content_loss(params.weight, gram_of(params, f, target), target, loss, dg);
}

}  // namespace

Ladder gram_style_loss_ladder() {
  using tests::gram_style_loss_case;
  Ladder ladder{
      .name = "gram_style_loss",
      .steps = {{"v1_an_operator_for_each_sign", [](Ops& ops) { ops.gram_style_loss = v1; }},
                {"v2_loss_and_gradient_in_one_pass", [](Ops& ops) { ops.gram_style_loss = v2; }},
                {"v3_gram_matrix_never_stored",
                 [](Ops& ops) { ops.gram_style_loss = cuda::gram_style_loss; }},
                {"v4_tensor_cores", cuda::use_tensor_cores, true}},
      .checks = {gram_style_loss_case({1, 1, 1, 1}, true),
                 gram_style_loss_case({2, 7, 9, 33}, true),
                 gram_style_loss_case({1, 19, 21, 64}, false),
                 gram_style_loss_case({1, 23, 13, 68}, true)},
      .timed = {}};
  for (const Shape& f : {Shape{1, 512, 512, 64}, Shape{1, 256, 256, 128}, Shape{1, 128, 128, 256},
                         Shape{1, 64, 64, 512}}) {
    ladder.timed.push_back(
        {gram_style_loss_case(f, true), 4.0 * static_cast<double>(f.size() + 2 * f[3] * f[3])});
  }
  return ladder;
}

}  // namespace gramgrad::bench
