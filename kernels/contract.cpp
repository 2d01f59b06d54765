// Checks of operators' arguments: all but convolution's and pooling's (contract_conv2d.cpp).
#include "kernels/contract.h"

#include "kernels/contract_arguments.h"

namespace gramgrad {

using namespace contract;

namespace {

const Shape scalar{1};

void expect_one_device(const char* op, const Tensor& x, const Tensor& y) {
  check(x.device() == y.device(), "{}: x lives on {} and y on {}", op, x.device().name(),
        y.device().name());
}

void check_reduction(const char* op, const Tensor& x, const Tensor& out) {
  expect_floats(op, {{"x", &x}}, {}, Types::maps);
  expect_given(op, {"out", &out});
  expect_sums(op, {{"out", &out}}, x);
  expect_apart(op, {{"x", &x}}, {{"out", &out}});
  expect_shape(op, {"out", &out}, scalar);
}

// A loss [1] of x and, where wanted, its gradient.
void check_loss(const char* op, const Tensor& x, const Tensor& loss, const Tensor* dx,
                Types types = Types::computed) {
  expect_floats(op, {{"x", &x}}, {}, types);
  expect_alike(op, {{"x", &x}, {"dx", dx}}, types);
  expect_given(op, {"loss", &loss});
  expect_sums(op, {{"loss", &loss}}, x);
  expect_apart(op, {{"x", &x}}, {{"loss", &loss}, {"dx", dx}});
  expect_shape(op, {"loss", &loss}, scalar);
  expect_shape(op, {"dx", dx}, x.shape());
}

}  // namespace

// ---------------------------------------------------------------- elementwise and sums

void check_fill(const Tensor& x) {
  expect_given("fill", {"x", &x});
  expect_alike("fill", {{"x", &x}}, Types::maps);
}

void check_copy(const Tensor& x, const Tensor& y) {
  expect_given("copy", {"x", &x});
  expect_given("copy", {"y", &y});
  check(x.dtype() == y.dtype(), "copy: x is {} and y is {}", name_of(x.dtype()),
        name_of(y.dtype()));
  expect_one_device("copy", x, y);
  expect_apart("copy", {{"x", &x}}, {{"y", &y}});
  expect_shape("copy", {"y", &y}, x.shape());
}

void check_axpby(const Tensor& x, const Tensor& y) {
  expect_floats("axpby", {{"x", &x}}, {}, Types::maps);
  expect_floats("axpby", {{"y", &y}}, {}, Types::maps);
  check(sum_type(x.dtype()) == sum_type(y.dtype()), "axpby: x is {} and y is {}",
        name_of(x.dtype()), name_of(y.dtype()));
  expect_one_device("axpby", x, y);
  if (x.dtype() != y.dtype()) {
    expect_apart("axpby", {{"x", &x}}, {{"y", &y}});
  }
  expect_shape("axpby", {"y", &y}, x.shape());
}

void check_multiply_scalar(const Tensor& s, const Tensor& x, const Tensor& y) {
  expect_floats("multiply_scalar", {{"x", &x}}, {{"y", &y}}, Types::maps);
  expect_given("multiply_scalar", {"s", &s});
  expect_sums("multiply_scalar", {{"s", &s}}, x);
  expect_apart("multiply_scalar", {{"s", &s}}, {{"y", &y}});
  expect_shape("multiply_scalar", {"s", &s}, scalar);
  expect_shape("multiply_scalar", {"y", &y}, x.shape());
}

void check_multiply(const Tensor& x, const Tensor& y, const Tensor& z) {
  expect_floats("multiply", {{"x", &x}, {"y", &y}}, {{"z", &z}}, Types::maps);
  expect_shape("multiply", {"y", &y}, x.shape());
  expect_shape("multiply", {"z", &z}, x.shape());
}

void check_clamp(const Tensor& x, double low, double high) {
  expect_given("clamp", {"x", &x});
  expect_alike("clamp", {{"x", &x}});
  check(low <= high, "clamp: low {} is above high {}", low, high);
}

void check_sum(const Tensor& x, const Tensor& out) {
  check_reduction("sum", x, out);
}

void check_dot(const Tensor& x, const Tensor& y, const Tensor& out) {
  check_reduction("dot", x, out);
  expect_floats("dot", {{"x", &x}, {"y", &y}}, {}, Types::maps);
  expect_apart("dot", {{"y", &y}}, {{"out", &out}});
  expect_shape("dot", {"y", &y}, x.shape());
}

void check_sum_absolute(const Tensor& x, const Tensor& out) {
  check_reduction("sum_absolute", x, out);
}

void check_max_absolute(const Tensor& x, const Tensor& out) {
  check_reduction("max_absolute", x, out);
}

// ---------------------------------------------------------------- style and content

void check_gram(const Tensor& f, const Tensor& g) {
  expect_floats("gram", {{"f", &f}}, {}, Types::maps);
  expect_given("gram", {"g", &g});
  expect_sums("gram", {{"g", &g}}, f);
  expect_apart("gram", {{"f", &f}}, {{"g", &g}});
  expect_rank("gram", {"f", &f}, 4);
  expect_shape("gram", {"g", &g}, {f.shape()[0], f.shape()[3], f.shape()[3]});
}

void check_gram_backward(const Tensor& f, const Tensor& dg, const Tensor& df) {
  expect_floats("gram_backward", {{"f", &f}}, {{"df", &df}}, Types::maps);
  expect_given("gram_backward", {"dg", &dg});
  expect_sums("gram_backward", {{"dg", &dg}}, f);
  expect_apart("gram_backward", {{"dg", &dg}}, {{"df", &df}});
  expect_rank("gram_backward", {"f", &f}, 4);
  expect_shape("gram_backward", {"dg", &dg}, {f.shape()[0], f.shape()[3], f.shape()[3]});
  expect_shape("gram_backward", {"df", &df}, f.shape());
}

void check_gram_style_loss(const Tensor& f, const Tensor& target, const Tensor& loss,
                           const Tensor* dg) {
  constexpr const char* op = "gram_style_loss";
  expect_floats(op, {{"f", &f}}, {}, Types::maps);
  expect_given(op, {"target", &target});
  expect_given(op, {"loss", &loss});
  expect_sums(op, {{"target", &target}, {"loss", &loss}, {"dg", dg}}, f);
  expect_apart(op, {{"f", &f}, {"target", &target}}, {{"loss", &loss}, {"dg", dg}});
  expect_rank(op, {"f", &f}, 4);
  const Shape gram{f.shape()[0], f.shape()[3], f.shape()[3]};
  expect_shape(op, {"target", &target}, gram);
  expect_shape(op, {"loss", &loss}, scalar);
  expect_shape(op, {"dg", dg}, gram);
}

void check_channel_statistics(double epsilon, const Tensor& x, const Tensor& mean,
                              const Tensor& deviation) {
  constexpr const char* op = "channel_statistics";
  expect_floats(op, {{"x", &x}}, {}, Types::maps);
  expect_given(op, {"mean", &mean});
  expect_given(op, {"deviation", &deviation});
  expect_sums(op, {{"mean", &mean}, {"deviation", &deviation}}, x);
  expect_apart(op, {{"x", &x}}, {{"mean", &mean}, {"deviation", &deviation}});
  expect_rank(op, {"x", &x}, 4);
  const Shape statistics{x.shape()[0], x.shape()[3]};
  expect_shape(op, {"mean", &mean}, statistics);
  expect_shape(op, {"deviation", &deviation}, statistics);
  check(x.shape()[1] > 0 && x.shape()[2] > 0, "{}: x {} has no pixels", op, x.shape().to_string());
  check(epsilon >= 0, "{}: epsilon is {} and must not be negative", op, epsilon);
}

void check_channel_statistics_backward(const ChannelStatisticsGradients& gradients, const Tensor& x,
                                       const Tensor& mean, const Tensor& deviation,
                                       const Tensor& dx) {
  constexpr const char* op = "channel_statistics_backward";
  const Argument dmean{"dmean", gradients.dmean};
  const Argument ddeviation{"ddeviation", gradients.ddeviation};
  expect_floats(op, {{"x", &x}}, {{"dx", &dx}}, Types::maps);
  expect_given(op, {"mean", &mean});
  expect_given(op, {"deviation", &deviation});
  check(given(dmean.tensor) || given(ddeviation.tensor),
        "{}: neither dmean nor ddeviation is given", op);
  expect_sums(op, {{"mean", &mean}, {"deviation", &deviation}, dmean, ddeviation}, x);
  expect_apart(op, {{"mean", &mean}, {"deviation", &deviation}, dmean, ddeviation}, {{"dx", &dx}});
  expect_rank(op, {"x", &x}, 4);
  const Shape statistics{x.shape()[0], x.shape()[3]};
  for (const Argument& each :
       {Argument{"mean", &mean}, Argument{"deviation", &deviation}, dmean, ddeviation}) {
    expect_shape(op, each, statistics);
  }
  expect_shape(op, {"dx", &dx}, x.shape());
}

void check_content_loss(const Tensor& x, const Tensor& target, const Tensor& loss,
                        const Tensor* dx) {
  check_loss("content_loss", x, loss, dx, Types::maps);
  expect_floats("content_loss", {{"x", &x}, {"target", &target}}, {}, Types::maps);
  expect_apart("content_loss", {{"target", &target}}, {{"loss", &loss}, {"dx", dx}});
  expect_shape("content_loss", {"target", &target}, x.shape());
}

void check_tv_loss(const TvLossParams& params, const Tensor& x, const Tensor& loss,
                   const Tensor* dx) {
  check_loss("tv_loss", x, loss, dx);
  expect_rank("tv_loss", {"x", &x}, 4);
  check(params.form != TvForm::power || params.beta > 0, "tv_loss: beta is {} and must be positive",
        params.beta);
}

void check_range_loss(const RangeLossParams& params, const Tensor& x, const Tensor& loss,
                      const Tensor* dx) {
  check_loss("range_loss", x, loss, dx);
  check(params.low <= params.high, "range_loss: low {} is above high {}", params.low, params.high);
}

// ---------------------------------------------------------------- pictures

namespace {

void check_picture_pair(const char* op, const ChannelAffineParams& params, const Argument& from,
                        const Argument& to) {
  expect_floats(op, {from}, {to});
  expect_rank(op, from, 4);
  check(from.tensor->shape()[3] == 3, "{}: {} has the shape {} and needs 3 channels", op, from.name,
        from.tensor->shape().to_string());
  expect_shape(op, to, from.tensor->shape());
  for (const int source : params.source) {
    check(source >= 0 && source < 3, "{}: there is no source channel {}", op, source);
  }
}

void check_resize_pair(const char* op, const Argument& from, const Argument& to) {
  expect_floats(op, {from}, {to});
  expect_rank(op, from, 4);
  expect_rank(op, to, 4);
  const Shape& a = from.tensor->shape();
  const Shape& b = to.tensor->shape();
  check(a[0] == b[0] && a[3] == b[3] && a[1] >= 1 && a[2] >= 1 && b[1] >= 1 && b[2] >= 1,
        "{}: {} {} and {} {} do not fit", op, from.name, a.to_string(), to.name, b.to_string());
}

}  // namespace

void check_channel_affine(const ChannelAffineParams& params, const Tensor& x, const Tensor& y) {
  check_picture_pair("channel_affine", params, {"x", &x}, {"y", &y});
}

void check_channel_affine_backward(const ChannelAffineParams& params, const Tensor& dy,
                                   const Tensor& dx) {
  check_picture_pair("channel_affine_backward", params, {"dy", &dy}, {"dx", &dx});
}

void check_resize(const Tensor& x, const Tensor& y) {
  check_resize_pair("resize", {"x", &x}, {"y", &y});
}

void check_resize_backward(const Tensor& dy, const Tensor& dx) {
  check_resize_pair("resize_backward", {"dy", &dy}, {"dx", &dx});
}

}  // namespace gramgrad
