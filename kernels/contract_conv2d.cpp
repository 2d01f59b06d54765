// Checks of convolution's, ReLU's and pooling's arguments.
#include "kernels/contract.h"
#include "kernels/contract_arguments.h"

namespace gramgrad {

using namespace contract;

// ---------------------------------------------------------------- convolution

void check_conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
                  const Conv2dOutputs& outputs) {
  constexpr const char* op = "conv2d";
  expect_given(op, {"x", &x});
  expect_given(op, {"w", &w});
  check(given(outputs.y) || given(outputs.pooled), "{}: neither y nor pooled is wanted", op);
  check(params.pool != PoolKind::none || !given(outputs.pooled),
        "{}: pooled is wanted and params.pool is none", op);
  check(params.relu || !given(outputs.relu_mask), "{}: relu_mask is wanted without params.relu",
        op);
  check(params.pool == PoolKind::max || !given(outputs.pool_mask),
        "{}: pool_mask is wanted and params.pool is not max", op);

  const Argument y{"y", outputs.y};
  const Argument pooled{"pooled", outputs.pooled};
  expect_alike(op, {{"x", &x}, {"w", &w}, {"bias", &bias}, y, pooled}, Types::maps);
  expect_apart(op, {{"x", &x}, {"w", &w}, {"bias", &bias}}, {y, pooled});

  const Shape full = conv2d_output_shape(params, x.shape(), w.shape());
  expect_shape(op, {"bias", &bias}, {w.shape()[0]});
  expect_shape(op, y, full);
  expect_mask(op, {"relu_mask", outputs.relu_mask}, x, relu_mask_shape(full));
  if (params.pool != PoolKind::none && (given(outputs.pooled) || given(outputs.pool_mask))) {
    const Shape half = conv2d_pooled_shape(params, x.shape(), w.shape());
    expect_shape(op, pooled, half);
    expect_mask(op, {"pool_mask", outputs.pool_mask}, x, half);
  }
}

namespace {

// The gradients that flow into a convolution with inputs of shape x and weights of shape w.
void check_conv2d_gradients(const char* op, const Conv2dParams& params,
                            const Conv2dGradients& gradients, const Tensor& owner, const Shape& x,
                            const Shape& w) {
  const Argument dy{"dy", gradients.dy};
  const Argument dpooled{"dpooled", gradients.dpooled};
  check(given(dy.tensor) || given(dpooled.tensor), "{}: neither dy nor dpooled is given", op);
  check(params.pool != PoolKind::none || !given(dpooled.tensor),
        "{}: dpooled is given and params.pool is none", op);
  check(params.relu == given(gradients.relu_mask),
        "{}: relu_mask must be given with params.relu, and only then", op);
  check(params.pool != PoolKind::max || !given(dpooled.tensor) || given(gradients.pool_mask),
        "{}: dpooled of max pooling needs pool_mask", op);
  check(params.pool == PoolKind::max || !given(gradients.pool_mask),
        "{}: pool_mask is given and params.pool is not max", op);

  const Shape full = conv2d_output_shape(params, x, w);
  expect_shape(op, dy, full);
  expect_mask(op, {"relu_mask", gradients.relu_mask}, owner, relu_mask_shape(full));
  if (given(dpooled.tensor)) {
    const Shape half = conv2d_pooled_shape(params, x, w);
    expect_shape(op, dpooled, half);
    expect_mask(op, {"pool_mask", gradients.pool_mask}, owner, half);
  }
}

}  // namespace

void check_conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                                 const Tensor& w, const Tensor& dx) {
  constexpr const char* op = "conv2d_backward_input";
  expect_floats(op, {{"w", &w}}, {{"dx", &dx}}, Types::maps);
  expect_alike(op, {{"w", &w}, {"dy", gradients.dy}, {"dpooled", gradients.dpooled}}, Types::maps);
  expect_apart(op, {{"dy", gradients.dy}, {"dpooled", gradients.dpooled}}, {{"dx", &dx}});
  check_conv2d_gradients(op, params, gradients, w, dx.shape(), w.shape());
}

void check_conv2d_backward_weight(const Conv2dParams& params, const Conv2dGradients& gradients,
                                  const Tensor& x, const Tensor& dw, const Tensor& dbias) {
  constexpr const char* op = "conv2d_backward_weight";
  expect_floats(op, {{"x", &x}}, {{"dw", &dw}});
  const Argument dy{"dy", gradients.dy};
  const Argument dpooled{"dpooled", gradients.dpooled};
  expect_alike(op, {{"x", &x}, dy, dpooled, {"dbias", &dbias}});
  expect_apart(op, {{"x", &x}, dy, dpooled}, {{"dw", &dw}, {"dbias", &dbias}});
  check_conv2d_gradients(op, params, gradients, x, x.shape(), dw.shape());
  expect_shape(op, {"dbias", &dbias}, {dw.shape()[0]});
}

// ---------------------------------------------------------------- ReLU and pooling

void check_relu(const Tensor& x, const Tensor& y, const Tensor* mask) {
  expect_floats("relu", {{"x", &x}}, {{"y", &y}}, Types::maps);
  expect_rank("relu", {"x", &x}, 4);
  expect_shape("relu", {"y", &y}, x.shape());
  expect_mask("relu", {"mask", mask}, x, relu_mask_shape(x.shape()));
}

void check_relu_backward(const Tensor& dy, const Tensor& mask, const Tensor& dx) {
  expect_floats("relu_backward", {{"dy", &dy}}, {{"dx", &dx}}, Types::maps);
  expect_rank("relu_backward", {"dy", &dy}, 4);
  expect_given("relu_backward", {"mask", &mask});
  expect_mask("relu_backward", {"mask", &mask}, dy, relu_mask_shape(dy.shape()));
  expect_shape("relu_backward", {"dx", &dx}, dy.shape());
}

void check_pool2d(const Pool2dParams& params, const Tensor& x, const Tensor& y,
                  const Tensor* mask) {
  expect_floats("pool2d", {{"x", &x}}, {{"y", &y}}, Types::maps);
  check(params.kind != PoolKind::none, "pool2d: params.kind is none");
  check(params.kind == PoolKind::max || !given(mask), "pool2d: average pooling has no mask");
  expect_shape("pool2d", {"y", &y}, pool2d_output_shape(params, x.shape()));
  expect_mask("pool2d", {"mask", mask}, x, y.shape());
}

void check_pool2d_backward(const Pool2dParams& params, const Tensor& dy, const Tensor* mask,
                           const Tensor& dx) {
  constexpr const char* op = "pool2d_backward";
  expect_floats(op, {{"dy", &dy}}, {{"dx", &dx}}, Types::maps);
  check(params.kind != PoolKind::none, "{}: params.kind is none", op);
  check((params.kind == PoolKind::max) == given(mask),
        "{}: a mask must be given for max pooling, and only then", op);
  expect_shape(op, {"dy", &dy}, pool2d_output_shape(params, dx.shape()));
  expect_mask(op, {"mask", mask}, dy, dy.shape());
}

}  // namespace gramgrad
