// Operators on inputs small enough to check by hand, and their contracts at the edges: ties, NaN,
// layout of masks. On every device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/kernels/devices.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::Pointwise;

class Example : public testing::TestWithParam<std::string> {
 protected:
  Tensor tensor(const Shape& shape, const std::vector<float>& values) const {
    return Tensor::from_host<float>(device_, shape, DType::f32, values);
  }
  Tensor empty(const Shape& shape) const { return inputs().assigned(shape); }
  Tensor empty_mask(const Shape& shape) const { return inputs().assigned_bytes(shape); }
  const Ops& ops() const { return device_.ops(); }
  static std::vector<float> floats(const Tensor& x) { return x.to_host<float>(); }
  static std::vector<std::uint8_t> bytes(const Tensor& x) { return x.to_host<std::uint8_t>(); }

  Device device_ = device_named(GetParam());

 private:
  Inputs inputs() const { return {device_, {}}; }
};

TEST_P(Example, ConvolutionIsACrossCorrelation) {
  const Tensor x = tensor({1, 2, 3, 1}, {1, 2, 3, 4, 5, 6});
  const Tensor w = tensor({1, 2, 2, 1}, {1, 10, 100, 1000});
  Tensor y = empty({1, 1, 2, 1});
  ops().conv2d({}, x, w, tensor({1}, {0.5F}), {.y = &y});
  EXPECT_THAT(floats(y), ElementsAre(1 + 20 + 400 + 5000 + 0.5F, 2 + 30 + 500 + 6000 + 0.5F));
}

TEST_P(Example, ConvolutionPadsWithZeros) {
  const Tensor x = tensor({1, 1, 1, 2}, {3, 5});
  std::vector<float> weights(18, 1000);
  weights[8] = 2;  // the window's middle pixel
  weights[9] = -1;
  Tensor y = empty({1, 1, 1, 1});
  ops().conv2d({.padding = 1}, x, tensor({1, 3, 3, 2}, weights), Tensor(), {.y = &y});
  EXPECT_THAT(floats(y), ElementsAre(2 * 3 - 5));
}

TEST_P(Example, ReluMaskHasABitForEachChannel) {
  const Tensor x = tensor({1, 1, 2, 9}, {1, -1, 0, 2, -2, -0.0F, 3, 4, 5,  //
                                         -1, 1, 1, -1, 0, 0, -1, -1, -1});
  Tensor y = empty(x.shape());
  Tensor mask = empty_mask({1, 1, 2, 2});
  ops().relu(x, y, &mask);
  EXPECT_THAT(floats(y), ElementsAre(1, 0, 0, 2, 0, 0, 3, 4, 5, 0, 1, 1, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(bytes(mask), ElementsAre(0b11001001, 0b1, 0b00000110, 0));
  Tensor dx = empty(x.shape());
  ops().relu_backward(tensor(x.shape(), {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9}),
                      mask, dx, WriteMode::assign);
  EXPECT_THAT(floats(dx), ElementsAre(1, 0, 0, 4, 0, 0, 7, 8, 9, 0, 2, 3, 0, 0, 0, 0, 0, 0));
}

TEST_P(Example, NaNPassesReluAndClamp) {
  Tensor x = tensor({1, 1, 1, 3}, {nan, -1, 1});
  Tensor y = empty(x.shape());
  ops().relu(x, y, nullptr);
  EXPECT_TRUE(std::isnan(floats(y)[0]));
  EXPECT_EQ(floats(y)[1], 0);
  ops().clamp(x, 0, 0.5);
  EXPECT_TRUE(std::isnan(floats(x)[0]));
  EXPECT_EQ(floats(x)[1], 0);
  EXPECT_EQ(floats(x)[2], 0.5F);
  Tensor z = empty({1, 1, 1, 1});
  ops().conv2d({.relu = true}, tensor({1, 1, 1, 1}, {nan}), tensor({1, 1, 1, 1}, {1}), Tensor(),
               {.y = &z});
  EXPECT_TRUE(std::isnan(floats(z)[0]));
}

TEST_P(Example, MaxPoolingTakesTheFirstMaximumAndNaN) {
  // Windows: equal maxima; NaN after a larger number; NaN first; the last wins. Odd edges dropped.
  const Tensor x = tensor({1, 3, 8, 1}, {1, 7, 9,   2, nan, 5, 1, 2,  //
                                         7, 1, nan, 3, 8,   1, 3, 4,  //
                                         9, 9, 9,   9, 9,   9, 9, 9});
  Tensor y = empty({1, 1, 4, 1});
  Tensor mask = empty_mask(y.shape());
  ops().pool2d({.kind = PoolKind::max}, x, y, &mask);
  EXPECT_EQ(floats(y)[0], 7);
  EXPECT_TRUE(std::isnan(floats(y)[1]));
  EXPECT_TRUE(std::isnan(floats(y)[2]));
  EXPECT_EQ(floats(y)[3], 4);
  EXPECT_THAT(bytes(mask), ElementsAre(1, 2, 0, 3));
}

TEST_P(Example, FusedMaxPoolingTakesTheFirstMaximumAndNaN) {
  const Tensor x = tensor({1, 2, 6, 1}, {-1, -2, 7, 7, 1, nan,  //
                                         -3, -4, 7, 7, 2, 3});
  Tensor pooled = empty({1, 1, 3, 1});
  Tensor mask = empty_mask(pooled.shape());
  ops().conv2d({.relu = true, .pool = PoolKind::max}, x, tensor({1, 1, 1, 1}, {1}), Tensor(),
               {.pooled = &pooled, .pool_mask = &mask});
  EXPECT_EQ(floats(pooled)[0], 0);
  EXPECT_EQ(floats(pooled)[1], 7);
  EXPECT_TRUE(std::isnan(floats(pooled)[2]));
  EXPECT_THAT(bytes(mask), ElementsAre(0, 0, 1));
}

TEST_P(Example, PoolingBackward) {
  Tensor dx = empty({1, 2, 3, 1});
  const Tensor dy = tensor({1, 1, 1, 1}, {8});
  ops().pool2d_backward({.kind = PoolKind::average}, dy, nullptr, dx, WriteMode::assign);
  EXPECT_THAT(floats(dx), ElementsAre(2, 2, 0, 2, 2, 0));
  const Tensor mask =
      Tensor::from_host<std::uint8_t>(device_, dy.shape(), DType::u8, std::vector<std::uint8_t>{2});
  ops().pool2d_backward({.kind = PoolKind::max}, dy, &mask, dx, WriteMode::accumulate);
  EXPECT_THAT(floats(dx), ElementsAre(2, 2, 0, 10, 2, 0));
}

TEST_P(Example, SumsAndMaxima) {
  const Tensor x = tensor({4}, {1, -5, 2, 4});
  Tensor out = empty({1});
  ops().sum(x, out);
  EXPECT_EQ(out.item(), 2);
  ops().sum_absolute(x, out);
  EXPECT_EQ(out.item(), 12);
  ops().max_absolute(x, out);
  EXPECT_EQ(out.item(), 5);
  ops().dot(x, tensor({4}, {2, 1, 0, -1}), out);
  EXPECT_EQ(out.item(), -7);
  for (std::size_t at = 0; at < 70; at += 23) {
    std::vector<float> values(70, 3);
    values[at] = nan;
    ops().max_absolute(tensor({70}, values), out);
    EXPECT_TRUE(std::isnan(out.item())) << "NaN at " << at;
  }
}

// An eighth of eps added 4 million times to 1: lost altogether by a plain f32 sum.
TEST_P(Example, SumsKeepSmallTerms) {
  constexpr std::int64_t count = 1 << 20;
  std::vector<float> values(count, 0x1p-25F);
  values[0] = 1;
  Tensor out = empty({1});
  ops().sum(tensor({count}, values), out);
  EXPECT_NEAR(out.item(), 1 + (count - 1) * 0x1p-25, 1e-6);
}

TEST_P(Example, AxpbyDoesNotReadWhereBIsZero) {
  Tensor y = tensor({2}, {nan, 3});
  ops().axpby(2, tensor({2}, {1, 5}), 0, y);
  EXPECT_THAT(floats(y), ElementsAre(2, 10));
  ops().axpby(2, y, -1, y);
  EXPECT_THAT(floats(y), ElementsAre(2, 10));
}

TEST_P(Example, Gram) {
  const Tensor f = tensor({1, 1, 2, 2}, {1, 2, 3, 4});
  Tensor g = empty({1, 2, 2});
  ops().gram(0.5, f, g);
  EXPECT_THAT(floats(g), ElementsAre(5, 7, 7, 10));
  Tensor df = empty(f.shape());
  ops().gram_backward(0.5, f, tensor({1, 2, 2}, {1, 2, 0, 3}), df, WriteMode::assign);
  EXPECT_THAT(floats(df), ElementsAre(3, 7, 7, 15));
}

TEST_P(Example, ChannelStatistics) {
  // Two pictures of two channels: 1 and 5, 2 and 2; 0 and -2, 7 and 9.
  const Tensor x = tensor({2, 1, 2, 2}, {1, 2, 5, 2, 0, 7, -2, 9});
  Tensor mean = empty({2, 2});
  Tensor deviation = empty({2, 2});
  ops().channel_statistics(0, x, mean, deviation);
  EXPECT_THAT(floats(mean), ElementsAre(3, 2, -1, 8));
  EXPECT_THAT(floats(deviation), ElementsAre(2, 0, 1, 1));
  ops().channel_statistics(0.25, x, mean, deviation);
  EXPECT_THAT(floats(deviation),
              Pointwise(FloatEq(), {std::sqrt(4.25F), 0.5F, std::sqrt(1.25F), std::sqrt(1.25F)}));
}

TEST_P(Example, ChannelStatisticsBackward) {
  const Tensor x = tensor({2, 1, 2, 2}, {1, 2, 5, 2, 0, 7, -2, 9});
  const Tensor mean = tensor({2, 2}, {3, 2, -1, 8});
  const Tensor deviation = tensor({2, 2}, {2, 0, 1, 1});  // 0: no gradient, and no NaN
  const Tensor dmean = tensor({2, 2}, {2, 4, -6, 8});
  const Tensor ddeviation = tensor({2, 2}, {4, 10, 2, -4});
  Tensor dx = empty(x.shape());
  ops().channel_statistics_backward({.dmean = &dmean}, x, mean, deviation, dx, WriteMode::assign);
  EXPECT_THAT(floats(dx), ElementsAre(1, 2, 1, 2, -3, 4, -3, 4));
  ops().channel_statistics_backward({.ddeviation = &ddeviation}, x, mean, deviation, dx,
                                    WriteMode::accumulate);
  EXPECT_THAT(floats(dx), ElementsAre(1 - 2, 2, 1 + 2, 2, -3 + 1, 4 + 2, -3 - 1, 4 - 2));
}

TEST_P(Example, ChannelStatisticsHideNoNaNAndNoInfinity) {
  for (const float odd : {nan, inf, -inf}) {
    for (const std::size_t at : {0, 1, 299}) {
      std::vector<float> values(300 * 3, 1);
      values[at * 3 + 1] = odd;
      Tensor mean = empty({1, 3});
      Tensor deviation = empty({1, 3});
      ops().channel_statistics(1, tensor({1, 20, 15, 3}, values), mean, deviation);
      EXPECT_FALSE(std::isfinite(floats(mean)[1])) << odd << " at " << at;
      EXPECT_FALSE(std::isfinite(floats(deviation)[1])) << odd << " at " << at;
      for (const std::size_t c : {0, 2}) {
        EXPECT_EQ(floats(mean)[c], 1);
        EXPECT_EQ(floats(deviation)[c], 1);
      }
    }
  }
}

TEST_P(Example, Losses) {
  Tensor loss = empty({1});
  Tensor gradient = empty({1, 1, 2, 1});
  const Tensor x = tensor(gradient.shape(), {3, -1});
  ops().content_loss(0.5, x, tensor(x.shape(), {1, 0}), loss, &gradient);
  EXPECT_EQ(loss.item(), 2.5);
  EXPECT_THAT(floats(gradient), ElementsAre(2, -1));
  ops().range_loss({.low = 0, .high = 1, .weight = 2}, x, loss, &gradient);
  EXPECT_EQ(loss.item(), 2 * (4 + 1) / 2.0);
  EXPECT_THAT(floats(gradient), ElementsAre(4, -2));
}

TEST_P(Example, TotalVariation) {
  const Tensor x = tensor({1, 2, 2, 1}, {0, 1, 3, 3});
  Tensor loss = empty({1});
  Tensor dx = empty(x.shape());
  const auto value = [&](TvForm form) {
    ops().tv_loss({.form = form, .beta = 4}, x, loss, &dx);
    return loss.item();
  };
  EXPECT_EQ(value(TvForm::squared_cropped), 0.5 * (1 + 9));
  EXPECT_THAT(floats(dx), ElementsAre(-4, 1, 3, 0));
  EXPECT_EQ(value(TvForm::absolute), 1 + 0 + 3 + 2);
  EXPECT_THAT(floats(dx), ElementsAre(-2, 0, 1, 1));
  EXPECT_EQ(value(TvForm::squared_mean), (1 + 0) / 2.0 + (9 + 4) / 2.0);
  EXPECT_FLOAT_EQ(static_cast<float>(value(TvForm::power)), 100);
  EXPECT_THAT(floats(dx), Pointwise(FloatEq(), {-160.0F, 40.0F, 120.0F, 0.0F}));
}

TEST_P(Example, ASinglePixelHasNoVariation) {
  for (const TvForm form : {TvForm::squared_cropped, TvForm::absolute, TvForm::squared_mean,
                            TvForm::power, TvForm::nine_point}) {
    Tensor loss = empty({1});
    Tensor dx = empty({1, 1, 1, 3});
    ops().tv_loss({.form = form}, tensor({1, 1, 1, 3}, {1, 2, 3}), loss, &dx);
    EXPECT_EQ(loss.item(), 0);
    EXPECT_THAT(floats(dx), ElementsAre(0, 0, 0));
  }
}

TEST_P(Example, ChannelAffine) {
  const ChannelAffineParams params{.source = {2, 0, 0}, .scale = {2, 1, 3}, .shift = {0, 5, 0}};
  Tensor y = empty({1, 1, 1, 3});
  ops().channel_affine(params, tensor({1, 1, 1, 3}, {1, 10, 100}), y);
  EXPECT_THAT(floats(y), ElementsAre(200, 6, 3));
  ops().channel_affine_backward(params, tensor({1, 1, 1, 3}, {1, 10, 100}), y, WriteMode::assign);
  EXPECT_THAT(floats(y), ElementsAre(310, 0, 2));
}

TEST_P(Example, AdamStepsByTheLearningRateAtFirst) {
  Tensor m = tensor({2}, {0, 0});
  Tensor v = tensor({2}, {0, 0});
  Tensor x = tensor({2}, {1, 1});
  Tensor state = zero_state(device_, sizeof(AdamState));
  ops().adam_step({.learning_rate = 0.25}, {}, tensor({1}, {1}), tensor({2}, {1e-3F, -50}), m, v,
                  state, x);
  EXPECT_NEAR(floats(x)[0], 0.75, 1e-5);
  EXPECT_NEAR(floats(x)[1], 1.25, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Devices, Example, testing::ValuesIn(device_names()),
                         [](const auto& example) { return example.param; });

}  // namespace
}  // namespace gramgrad::tests
