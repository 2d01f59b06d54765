// Every loss of the registry: its gradient, and what its formula promises.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "autograd/gradcheck.h"
#include "kernels/check.h"
#include "kernels/ops.h"
#include "nn/losses/feature_loss.h"
#include "nn/losses/gram.h"

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

double evaluate(const std::string& spec, const Tensor& features, const Tensor& target_features) {
  const FeatureLoss loss = make_loss(parse_loss_spec(spec));
  return loss.against(loss.target(target_features))(autograd::Variable(features)).value().item();
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
  std::vector<std::string> specs{"gram:normalization=gatys",    "gram:normalization=chw",
                                 "gram:normalization=none",     "gram:relative=true",
                                 "content:normalization=gatys", "content:normalization=relative"};
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

// Scaling both by t scales the loss by t^degree (gram 4, content 2, relative 0).
TEST(Losses, HaveTheirDegreeOfHomogeneity) {
  const Tensor f = random_features({1, 3, 4, 3}, 31);
  const Tensor s = random_features({1, 3, 4, 3}, 32);
  const auto ratio = [&](const std::string& spec) {
    return evaluate(spec, scaled(f, 2), scaled(s, 2)) / evaluate(spec, f, s);
  };
  EXPECT_NEAR(ratio("gram"), 16, 1e-12);
  EXPECT_NEAR(ratio("gram:relative=true"), 1, 1e-13);
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
