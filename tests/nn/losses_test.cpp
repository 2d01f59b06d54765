// Every loss of the registry: its gradient, and what its formula promises.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "autograd/gradcheck.h"
#include "kernels/check.h"
#include "kernels/ops.h"
#include "nn/losses/feature_loss.h"
#include "nn/losses/gram.h"
#include "nn/losses/statistics.h"

namespace gramgrad::nn {
namespace {

const Device& reference() {
  static const Device device = Device::reference();
  return device;
}

Tensor random_features(Shape shape, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<double> values(static_cast<std::size_t>(shape.size()));
  for (double& value : values) {
    value = static_cast<double>(generator() >> 11) * 0x1p-53;
  }
  return Tensor::from_host<double>(reference(), shape, DType::f64, values);
}

double evaluate(const FeatureLoss& loss, const Tensor& features, const Tensor& target_features) {
  return loss.against(loss.target(target_features))(autograd::Variable(features)).value().item();
}

double evaluate(const std::string& spec, const Tensor& features, const Tensor& target_features) {
  return evaluate(make_loss(parse_loss_spec(spec)), features, target_features);
}

Tensor scaled(const Tensor& x, double factor) {
  Tensor y(x.device(), x.shape(), x.dtype());
  x.device().ops().axpby(factor, x, 0.0, y);
  return y;
}

class EveryLoss : public testing::TestWithParam<std::string> {};

TEST_P(EveryLoss, HasTheGradientOfItsValue) {
  const FeatureLoss loss = make_loss(parse_loss_spec(GetParam()));
  const LayerLoss against = loss.against(loss.target(random_features({1, 3, 5, 4}, 7)));
  const auto report =
      autograd::gradcheck([&](std::span<const autograd::Variable> x) { return against(x[0]); },
                          {random_features({1, 3, 5, 4}, 8)});
  EXPECT_TRUE(report.passed) << report.worst_error << ": " << report.message;
}

TEST_P(EveryLoss, IsZeroAtItsTargetAndPositiveElsewhere) {
  const Tensor features = random_features({1, 4, 3, 5}, 11);
  EXPECT_EQ(evaluate(GetParam(), features, features), 0.0);
  EXPECT_GT(evaluate(GetParam(), random_features({1, 4, 3, 5}, 12), features), 0.0);
}

TEST_P(EveryLoss, IsFiniteForATargetWithoutFeatures) {
  const Tensor none = scaled(random_features({1, 4, 3, 5}, 13), 0.0);
  EXPECT_TRUE(std::isfinite(evaluate(GetParam(), random_features({1, 4, 3, 5}, 14), none)));
}

std::vector<std::string> every_loss() {
  std::vector<std::string> specs{"gram:normalization=gatys",      "gram:normalization=chw",
                                 "gram:normalization=none",       "gram:relative=true",
                                 "statistics:relative=false",     "content:normalization=gatys",
                                 "content:normalization=relative"};
  for (const LossEntry& entry : loss_registry()) {
    specs.push_back(entry.name);
  }
  return specs;
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryLoss, testing::ValuesIn(every_loss()),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) {
                             c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           }
                           return name;
                         });

// E = a ||k F^T F - k S^T S||^2 by hand, for F = [1 2], S = [3 1] (one pixel, two channels).
TEST(GramLoss, HasTheFactorsOfEachNormalization) {
  const auto features = [&](double a, double b) {
    return Tensor::from_host<double>(reference(), {1, 1, 1, 2}, DType::f64, std::array{a, b});
  };
  const double squares = 8.0 * 8.0 + 2 * 1.0 + 3.0 * 3.0;  // (1-9)^2 + 2 (2-3)^2 + (4-1)^2
  const Tensor f = features(1, 2);
  const Tensor s = features(3, 1);
  EXPECT_DOUBLE_EQ(evaluate("gram:normalization=none", f, s), squares);
  EXPECT_DOUBLE_EQ(evaluate("gram:normalization=hw", f, s), squares / 4);
  EXPECT_DOUBLE_EQ(evaluate("gram:normalization=gatys", f, s), squares / 16);
  EXPECT_DOUBLE_EQ(evaluate("gram:normalization=chw", f, s), squares / 16);
  EXPECT_DOUBLE_EQ(evaluate("gram:relative=true", f, s), squares / 100);  // ||S^T S||^2 = 10^2
}

TEST(GramLoss, DoesNotSeeWherePixelsAre) {
  const Tensor f = random_features({1, 2, 6, 3}, 21);
  const Tensor rearranged = f.reshaped({1, 3, 4, 3});
  const Tensor s = random_features({1, 5, 1, 3}, 22);
  EXPECT_DOUBLE_EQ(evaluate("gram", f, s), evaluate("gram", rearranged, s));
}

// F = 0, 4 and S = 1, 1 in one channel, F = S = 7, 9 in the other.
TEST(StatisticsLoss, HasTheFactorsOfItsFormula) {
  const auto features = [&](double first, double second) {
    return Tensor::from_host<double>(reference(), {1, 1, 2, 2}, DType::f64,
                                     std::array{first, 7.0, second, 9.0});
  };
  const double squares = (2 - 1) * (2 - 1) + (2 - 0) * (2 - 0);
  const Tensor f = features(0, 4);
  const Tensor s = features(1, 1);
  StatisticsLossOptions options{.relative = false, .epsilon = 0};
  EXPECT_DOUBLE_EQ(evaluate(make_statistics_loss(options), f, s), squares / 2);
  options.relative = true;
  EXPECT_DOUBLE_EQ(evaluate(make_statistics_loss(options), f, s), squares / (1 + 0 + 8 * 8 + 1));
}

TEST(StatisticsLoss, DoesNotSeeWherePixelsAre) {
  const Tensor f = random_features({1, 2, 6, 3}, 21);
  const Tensor s = random_features({1, 5, 1, 3}, 22);
  EXPECT_DOUBLE_EQ(evaluate("statistics", f, s),
                   evaluate("statistics", f.reshaped({1, 3, 4, 3}), s));
}

// A channel that is 0 everywhere, as ReLU leaves those that never fire: no NaN, and a gradient that
// moves its mean alone, 2 a (0 - mean(S)) / M.
TEST(StatisticsLoss, IsSmoothWhereAChannelIsDead) {
  const Tensor f = Tensor::from_host<double>(reference(), {1, 2, 3, 2}, DType::f64,
                                             std::array{0.0, 1.0, 0.0, 2.0, 0.0, 4.0,  //
                                                        0.0, 3.0, 0.0, 9.0, 0.0, 8.0});
  const FeatureLoss loss = make_statistics_loss({.relative = false});
  const Target target = loss.target(random_features({1, 4, 5, 2}, 23));
  autograd::Variable x(f, true);
  const autograd::Variable value = loss.against(target)(x);
  EXPECT_TRUE(std::isfinite(value.value().item()));
  backward(value);
  const std::vector<double> gradient = x.grad().to_host<double>();
  const double mean = target[0].to_host<double>()[0];
  for (std::size_t i = 0; i < gradient.size(); i += 2) {
    EXPECT_DOUBLE_EQ(gradient[i], 2 * 0.5 * (0 - mean) / 6);
    EXPECT_TRUE(std::isfinite(gradient[i + 1])) << i;
  }
}

// Scaling both by t scales the loss by t^degree (gram 4, content and statistics 2, relative 0).
TEST(Losses, HaveTheirDegreeOfHomogeneity) {
  const Tensor f = random_features({1, 3, 4, 3}, 31);
  const Tensor s = random_features({1, 3, 4, 3}, 32);
  const auto ratio = [&](const std::string& spec) {
    return evaluate(spec, scaled(f, 2), scaled(s, 2)) / evaluate(spec, f, s);
  };
  EXPECT_NEAR(ratio("gram"), 16, 1e-12);
  EXPECT_NEAR(ratio("gram:relative=true"), 1, 1e-13);
  // But for epsilon, which is 1e-4 of a variance here, and does not scale.
  EXPECT_NEAR(ratio("statistics:relative=false"), 4, 4e-3);
  EXPECT_NEAR(ratio("statistics"), 1, 1e-3);
  EXPECT_NEAR(ratio("content"), 4, 1e-12);
  EXPECT_NEAR(ratio("content:normalization=relative"), 1, 1e-13);
}

testing::AssertionResult fails_with(const std::string& spec, const std::string& words) {
  try {
    make_loss(parse_loss_spec(spec));
  } catch (const Error& error) {
    const std::string message = error.what();
    return message.find(words) != std::string::npos
               ? testing::AssertionSuccess()
               : testing::AssertionFailure() << "said: " << message;
  }
  return testing::AssertionFailure() << spec << " was accepted";
}

TEST(LossSpec, RefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(fails_with("grem", "did you mean 'gram'?"));
  EXPECT_TRUE(fails_with("gram:normalisation=hw", "did you mean 'normalization'?"));
  EXPECT_TRUE(fails_with("gram:normalization=hv", "normalization=hw"));
  EXPECT_TRUE(fails_with("gram:relative", "not key=value"));
  EXPECT_TRUE(fails_with("gram:relative=yes", "relative="));
}

}  // namespace
}  // namespace gramgrad::nn
