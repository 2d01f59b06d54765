// The reference's gradients against central differences in f64.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

class Gradient : public testing::Test {
 protected:
  Tensor random(const char* name, const Shape& shape) const {
    return random_f64(device_).values(name, shape);
  }
  Tensor empty(const Shape& shape) const { return random_f64(device_).assigned(shape); }
  Tensor empty_mask(const Shape& shape) const { return random_f64(device_).assigned_bytes(shape); }
  const Ops& ops() const { return device_.ops(); }

  // x + step * direction
  Tensor moved(const Tensor& x, const Tensor& direction, double step) const {
    Tensor result = empty(x.shape());
    ops().copy(x, result);
    ops().axpby(step, direction, 1, result);
    return result;
  }

  // <dx, v> = (f(x + h v) - f(x - h v)) / 2h for random v. With h = 1e-5 the difference is off by
  // about h^2 times a third derivative, and by the rounding of f over h.
  void expect_gradient(const std::function<double(const Tensor&)>& f, const Tensor& x,
                       const Tensor& dx) const {
    constexpr double h = 1e-5;
    for (const char* name : {"direction 1", "direction 2", "direction 3"}) {
      const Tensor direction = random(name, x.shape());
      const double above = f(moved(x, direction, h));
      const double below = f(moved(x, direction, -h));
      const Dot expected = dot_of(dx, direction);
      const double rounding = 1e-15 * (std::abs(above) + std::abs(below)) / h;
      EXPECT_NEAR((above - below) / (2 * h), expected.value, 1e-8 * expected.magnitude + rounding)
          << name << ", seed " << test_seed();
    }
  }

  Device device_ = Device::reference();
};

TEST_F(Gradient, FusedConvolution) {
  for (const PoolKind pool : {PoolKind::max, PoolKind::average}) {
    const Conv2dParams params{.padding = 1, .relu = true, .pool = pool};
    const Tensor x = random("x", {2, 7, 6, 3});
    const Tensor w = random("w", {9, 3, 3, 3});
    const Tensor bias = random("bias", {9});
    Tensor y = empty(conv2d_output_shape(params, x.shape(), w.shape()));
    Tensor pooled = empty(conv2d_pooled_shape(params, x.shape(), w.shape()));
    Tensor relu_mask = empty_mask(relu_mask_shape(y.shape()));
    Tensor pool_mask = empty_mask(pooled.shape());
    Tensor* winners = pool == PoolKind::max ? &pool_mask : nullptr;
    const Tensor dy = random("dy", y.shape());
    const Tensor dpooled = random("dpooled", pooled.shape());
    const auto loss = [&](const Tensor& x_, const Tensor& w_, const Tensor& bias_) {
      Tensor y_ = empty(y.shape());
      Tensor pooled_ = empty(pooled.shape());
      ops().conv2d(params, x_, w_, bias_, {.y = &y_, .pooled = &pooled_});
      return dot_of(y_, dy).value + dot_of(pooled_, dpooled).value;
    };
    ops().conv2d(params, x, w, bias,
                 {.y = &y, .pooled = &pooled, .relu_mask = &relu_mask, .pool_mask = winners});
    const Conv2dGradients gradients{
        .dy = &dy, .dpooled = &dpooled, .relu_mask = &relu_mask, .pool_mask = winners};
    Tensor dx = empty(x.shape());
    Tensor dw = empty(w.shape());
    Tensor dbias = empty(bias.shape());
    ops().conv2d_backward_input(params, gradients, w, dx, WriteMode::assign);
    ops().conv2d_backward_weight(params, gradients, x, dw, dbias, WriteMode::assign);
    expect_gradient([&](const Tensor& at) { return loss(at, w, bias); }, x, dx);
    expect_gradient([&](const Tensor& at) { return loss(x, at, bias); }, w, dw);
    expect_gradient([&](const Tensor& at) { return loss(x, w, at); }, bias, dbias);
  }
}

TEST_F(Gradient, ReluAndMaxPooling) {
  const Pool2dParams params{.kind = PoolKind::max, .window = 3, .stride = 2};
  const Tensor x = random("x", {2, 7, 6, 11});
  Tensor y = empty(x.shape());
  Tensor mask = empty_mask(relu_mask_shape(x.shape()));
  Tensor pooled = empty(pool2d_output_shape(params, x.shape()));
  Tensor winners = empty_mask(pooled.shape());
  const Tensor dpooled = random("dpooled", pooled.shape());
  const auto loss = [&](const Tensor& at) {
    ops().relu(at, y, nullptr);
    ops().pool2d(params, y, pooled, nullptr);
    return dot_of(pooled, dpooled).value;
  };
  ops().relu(x, y, &mask);
  ops().pool2d(params, y, pooled, &winners);
  Tensor dy = empty(x.shape());
  Tensor dx = empty(x.shape());
  ops().pool2d_backward(params, dpooled, &winners, dy, WriteMode::assign);
  ops().relu_backward(dy, mask, dx, WriteMode::assign);
  expect_gradient(loss, x, dx);
}

TEST_F(Gradient, Gram) {
  const Tensor f = random("f", {2, 5, 4, 7});
  const Tensor dg = random("dg", {2, 7, 7});
  Tensor df = empty(f.shape());
  ops().gram_backward(0.3, f, dg, df, WriteMode::assign);
  const auto loss = [&](const Tensor& at) {
    Tensor g = empty(dg.shape());
    ops().gram(0.3, at, g);
    return dot_of(g, dg).value;
  };
  expect_gradient(loss, f, df);
}

TEST_F(Gradient, GramStyleLossThroughGramBackward) {
  const GramStyleLossParams params{.gram_scale = 0.05, .weight = 3};
  const Tensor f = random("f", {2, 5, 4, 7});
  const Tensor target = random("target", {2, 7, 7});
  Tensor loss = empty({1});
  Tensor dg = empty(target.shape());
  Tensor df = empty(f.shape());
  ops().gram_style_loss(params, f, target, loss, &dg);
  ops().gram_backward(params.gram_scale, f, dg, df, WriteMode::assign);
  const auto value = [&](const Tensor& at) {
    ops().gram_style_loss(params, at, target, loss, nullptr);
    return loss.item();
  };
  expect_gradient(value, f, df);
}

TEST_F(Gradient, ChannelStatistics) {
  const Tensor x = random("x", {2, 5, 4, 7});
  const Tensor dmean = random("dmean", {2, 7});
  const Tensor ddeviation = random("ddeviation", {2, 7});
  Tensor mean = empty({2, 7});
  Tensor deviation = empty({2, 7});
  Tensor dx = empty(x.shape());
  ops().channel_statistics(0.01, x, mean, deviation);
  ops().channel_statistics_backward({&dmean, &ddeviation}, x, mean, deviation, dx,
                                    WriteMode::assign);
  const auto value = [&](const Tensor& at) {
    ops().channel_statistics(0.01, at, mean, deviation);
    return dot_of(mean, dmean).value + dot_of(deviation, ddeviation).value;
  };
  expect_gradient(value, x, dx);
}

TEST_F(Gradient, ContentLoss) {
  const Tensor x = random("x", {2, 5, 4, 7});
  const Tensor target = random("target", x.shape());
  Tensor loss = empty({1});
  Tensor dx = empty(x.shape());
  ops().content_loss(0.7, x, target, loss, &dx);
  const auto value = [&](const Tensor& at) {
    ops().content_loss(0.7, at, target, loss, nullptr);
    return loss.item();
  };
  expect_gradient(value, x, dx);
}

TEST_F(Gradient, RangeLoss) {
  const RangeLossParams params{.low = -0.4, .high = 0.6, .weight = 2};
  const Tensor x = random("x", {2, 5, 4, 3});
  Tensor loss = empty({1});
  Tensor dx = empty(x.shape());
  ops().range_loss(params, x, loss, &dx);
  const auto value = [&](const Tensor& at) {
    ops().range_loss(params, at, loss, nullptr);
    return loss.item();
  };
  expect_gradient(value, x, dx);
}

TEST_F(Gradient, TotalVariation) {
  for (const TvForm form : {TvForm::squared_cropped, TvForm::absolute, TvForm::squared_mean,
                            TvForm::power, TvForm::nine_point}) {
    SCOPED_TRACE(static_cast<int>(form));
    for (const Shape& shape : {Shape{2, 5, 4, 3}, Shape{1, 2, 7, 3}, Shape{1, 1, 6, 3}}) {
      const TvLossParams params{.form = form, .beta = 2.5, .weight = 0.3};
      const Tensor x = random("x", shape);
      Tensor loss = empty({1});
      Tensor dx = empty(shape);
      ops().tv_loss(params, x, loss, &dx);
      const auto value = [&](const Tensor& at) {
        ops().tv_loss(params, at, loss, nullptr);
        return loss.item();
      };
      expect_gradient(value, x, dx);
    }
  }
}

}  // namespace
}  // namespace gramgrad::tests
