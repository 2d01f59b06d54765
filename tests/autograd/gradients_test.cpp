// The gradient of every differentiable function against finite differences, in f64.
#include "autograd/gradcheck.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "autograd/functions.h"
#include "tests/autograd/random_tensor.h"

namespace gramgrad::autograd {
namespace {

using Inputs = std::span<const Variable>;

// With ReLU and max pooling a small step keeps both sides of a difference on one side of a kink.
constexpr GradcheckOptions near_kinks{.step = 1e-5, .tolerance = 1e-8, .seed = 1};

void expect_gradient(const DifferentiableFunction& function, std::initializer_list<Tensor> inputs,
                     const GradcheckOptions& options = {}) {
  const GradcheckReport report = gradcheck(function, inputs, options);
  EXPECT_TRUE(report.passed) << report.worst_error << ": " << report.message;
}

// ---------------------------------------------------------------- arithmetic

TEST(GradcheckArithmetic, AllFunctions) {
  const Shape shape{2, 3, 1, 5};
  const Tensor a = random_tensor(shape, 1);
  const Tensor b = random_tensor(shape, 2);
  expect_gradient([](Inputs x) { return add(x[0], x[1]); }, {a, b});
  expect_gradient([](Inputs x) { return subtract(x[0], x[1]); }, {a, b});
  expect_gradient([](Inputs x) { return multiply(x[0], x[1]); }, {a, b});
  expect_gradient([](Inputs x) { return scale(x[0], -2.5); }, {a});
  expect_gradient([](Inputs x) { return sum(x[0]); }, {a});
  expect_gradient(
      [](Inputs x) {
        return weighted_sum(std::array{x[0], x[1], x[0]}, std::array{0.5, -1.0, 3.0});
      },
      {a, b});
  expect_gradient([](Inputs x) { return multiply(x[0], x[0]); }, {a});
  EXPECT_THROW(weighted_sum({}, {}), Error);
  EXPECT_THROW(weighted_sum(std::array{Variable(a)}, std::array{1.0, 2.0}), Error);
}

// ---------------------------------------------------------------- layers

struct ConvCase {
  Conv2dParams params;
  Shape x;
  Shape w;
};

std::vector<ConvCase> conv_cases() {
  std::vector<ConvCase> cases;
  for (const bool relu : {false, true}) {
    for (const PoolKind pool : {PoolKind::none, PoolKind::max, PoolKind::average}) {
      cases.push_back({{.padding = 1, .relu = relu, .pool = pool}, {2, 5, 4, 3}, {9, 3, 3, 3}});
    }
    cases.push_back({{.stride = 2, .padding = 2, .relu = relu}, {1, 5, 6, 2}, {3, 5, 3, 2}});
    cases.push_back({{.relu = relu, .pool = PoolKind::max}, {1, 4, 5, 2}, {3, 1, 1, 2}});
  }
  return cases;
}

std::string describe(const Conv2dParams& params) {
  return fmt::format("stride {} padding {} relu {} pool {}", params.stride, params.padding,
                     params.relu, static_cast<int>(params.pool));
}

// One number of both outputs, whichever there are.
Variable squares_of(const Conv2dResult& result) {
  std::vector<Variable> terms;
  for (const Variable& output : {result.y, result.pooled}) {
    if (output.defined()) {
      terms.push_back(sum(multiply(output, output)));
    }
  }
  return weighted_sum(terms, std::vector<double>(terms.size(), 0.5));
}

TEST(GradcheckLayers, Conv2d) {
  for (const ConvCase& c : conv_cases()) {
    SCOPED_TRACE(describe(c.params));
    const Tensor x = random_tensor(c.x, 3);
    const Tensor w = random_tensor(c.w, 4);
    const Tensor bias = random_tensor({c.w[0]}, 5);
    const auto output = [&](const Conv2dResult& result) {
      return result.pooled.defined() ? result.pooled : result.y;
    };
    expect_gradient([&](Inputs in) { return output(conv2d(c.params, in[0], in[1], in[2])); },
                    {x, w, bias}, near_kinks);
    expect_gradient([&](Inputs in) { return output(conv2d(c.params, in[0], in[1], Variable())); },
                    {x, w}, near_kinks);
    // Frozen: only the input wants a gradient.
    expect_gradient(
        [&](Inputs in) { return output(conv2d(c.params, in[0], Variable(w), Variable(bias))); },
        {x}, near_kinks);
    // Only the bias does.
    expect_gradient(
        [&](Inputs in) { return output(conv2d(c.params, Variable(x), Variable(w), in[0])); },
        {bias}, near_kinks);
  }
}

TEST(GradcheckLayers, Conv2dWithTapBeforePooling) {
  for (const ConvCase& c : conv_cases()) {
    if (c.params.pool == PoolKind::none) {
      continue;
    }
    SCOPED_TRACE(describe(c.params));
    const Tensor x = random_tensor(c.x, 3);
    const Tensor w = random_tensor(c.w, 4);
    const Tensor bias = random_tensor({c.w[0]}, 5);
    const auto tapped = [&](Inputs in) { return conv2d(c.params, in[0], in[1], in[2], true); };
    expect_gradient([&](Inputs in) { return squares_of(tapped(in)); }, {x, w, bias}, near_kinks);
    // Both exist, and nothing flows into one of them.
    expect_gradient([&](Inputs in) { return tapped(in).y; }, {x, w, bias}, near_kinks);
    expect_gradient([&](Inputs in) { return tapped(in).pooled; }, {x, w, bias}, near_kinks);
  }
}

TEST(GradcheckLayers, Relu) {
  expect_gradient([](Inputs x) { return relu(x[0]); }, {random_tensor({2, 3, 2, 11}, 6)},
                  near_kinks);
}

TEST(GradcheckLayers, Pool2d) {
  const Tensor x = random_tensor({2, 7, 6, 3}, 7);
  for (const PoolKind kind : {PoolKind::max, PoolKind::average}) {
    for (const auto& [window, stride] : {std::pair{2, 2}, {3, 2}, {3, 1}, {2, 3}, {1, 1}}) {
      SCOPED_TRACE(
          fmt::format("kind {} window {} stride {}", static_cast<int>(kind), window, stride));
      const Pool2dParams params{kind, window, stride};
      expect_gradient([&](Inputs in) { return pool2d(params, in[0]); }, {x}, near_kinks);
    }
  }
}

// ---------------------------------------------------------------- losses

TEST(GradcheckLosses, Gram) {
  const Tensor f = random_tensor({2, 3, 4, 5}, 8);
  expect_gradient([](Inputs x) { return gram(x[0], 0.25); }, {f});
  const Tensor target = random_tensor({2, 5, 5}, 9);
  expect_gradient(
      [&](Inputs x) { return gram_style_loss({.gram_scale = 0.25, .weight = 1.5}, x[0], target); },
      {f});
}

TEST(GradcheckLosses, FusedGramLossIsItsParts) {
  const Tensor f = random_tensor({1, 3, 4, 5}, 10);
  const Tensor target = random_tensor({1, 5, 5}, 11);
  const auto fused = [&](const Variable& x) {
    return gram_style_loss({.gram_scale = 0.25, .weight = 1.5}, x, target);
  };
  const auto parts = [&](const Variable& x) {
    const Variable d = subtract(gram(x, 0.25), Variable(target));
    return scale(sum(multiply(d, d)), 1.5);
  };
  Variable x(f, true);
  Variable same(f, true);
  const Variable loss = fused(x);
  const Variable of_parts = parts(same);
  EXPECT_NEAR(loss.value().item(), of_parts.value().item(), 1e-14 * of_parts.value().item());
  backward(loss);
  backward(of_parts);
  const auto gradient = x.grad().to_host<double>();
  const auto expected = same.grad().to_host<double>();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(gradient[i], expected[i], 1e-13);
  }
}

TEST(GradcheckLosses, ChannelStatistics) {
  constexpr double epsilon = 0.01;
  const Tensor x = random_tensor({2, 3, 4, 5}, 23);
  expect_gradient([](Inputs in) { return channel_statistics(in[0], epsilon).mean; }, {x});
  expect_gradient([](Inputs in) { return channel_statistics(in[0], epsilon).deviation; }, {x});
  expect_gradient(
      [](Inputs in) {
        const ChannelStatistics statistics = channel_statistics(in[0], epsilon);
        return multiply(statistics.mean, statistics.deviation);
      },
      {x});
}

TEST(GradcheckLosses, Content) {
  const Tensor target = random_tensor({1, 3, 4, 5}, 12);
  expect_gradient([&](Inputs x) { return content_loss(x[0], target, 0.75); },
                  {random_tensor({1, 3, 4, 5}, 13)});
}

TEST(GradcheckLosses, TotalVariation) {
  const std::vector<TvLossParams> forms{
      {TvForm::squared_cropped, 2, 1.5}, {TvForm::absolute, 2, 0.5}, {TvForm::squared_mean, 2, 3},
      {TvForm::power, 2.5, 1},           {TvForm::power, 1.5, 2},    {TvForm::nine_point, 2, 1}};
  for (const TvLossParams& params : forms) {
    SCOPED_TRACE(fmt::format("form {} beta {}", static_cast<int>(params.form), params.beta));
    const auto loss = [&](Inputs x) { return tv_loss(params, x[0]); };
    expect_gradient(loss, {random_tensor({2, 4, 5, 3}, 14)}, near_kinks);
    expect_gradient(loss, {random_tensor({1, 2, 2, 1}, 15)}, near_kinks);
    expect_gradient(loss, {random_tensor({1, 1, 4, 2}, 16)}, near_kinks);
    expect_gradient(loss, {random_tensor({1, 4, 1, 2}, 17)}, near_kinks);
  }
}

// Where neighbours are equal, the forms with a kink or a root there have gradient 0, and no NaN.
TEST(GradcheckLosses, TotalVariationOfAFlatPicture) {
  const Tensor flat = Tensor::from_host<double>(Device::reference(), {1, 3, 3, 1}, DType::f64,
                                                std::vector<double>(9, 0.5));
  for (const TvForm form : {TvForm::absolute, TvForm::power}) {
    Variable x(flat, true);
    backward(tv_loss({form, 1.0, 1.0}, x));
    EXPECT_EQ(x.grad().to_host<double>(), std::vector<double>(9, 0.0));
  }
}

TEST(GradcheckLosses, Range) {
  // From -1 to 1: some below, within and above.
  expect_gradient(
      [](Inputs x) {
        return range_loss({-0.25, 0.5, 2.0}, x[0]);
      },
      {random_tensor({1, 4, 5, 3}, 18)}, near_kinks);
}

// A loss in the middle of an expression: what flows into it is not 1.
TEST(GradcheckLosses, OnePassLossesScaleWithUpstream) {
  const Tensor target = random_tensor({1, 3, 3, 2}, 19);
  expect_gradient(
      [&](Inputs x) {
        const Variable a = content_loss(x[0], target, 1);
        return multiply(a, tv_loss({.form = TvForm::squared_mean}, x[0]));
      },
      {random_tensor({1, 3, 3, 2}, 20)});
}

// ---------------------------------------------------------------- pictures

TEST(GradcheckPictures, ChannelAffine) {
  const Tensor x = random_tensor({2, 3, 2, 3}, 21);
  for (const std::array<int, 3>& source : {std::array{0, 1, 2}, {2, 1, 0}, {1, 1, 0}}) {
    const ChannelAffineParams params{source, {255, 2, -0.5}, {-103.939, 1, 0}};
    expect_gradient([&](Inputs in) { return channel_affine(params, in[0]); }, {x});
  }
}

TEST(GradcheckPictures, Resize) {
  const Tensor x = random_tensor({2, 5, 4, 2}, 22);
  for (const ResizeFilter filter :
       {ResizeFilter::area, ResizeFilter::bilinear, ResizeFilter::bicubic}) {
    for (const auto& [height, width] : {std::pair{9, 7}, {3, 2}, {5, 4}, {1, 1}, {2, 11}}) {
      SCOPED_TRACE(fmt::format("filter {} to {}x{}", static_cast<int>(filter), height, width));
      expect_gradient([&, h = height, w = width](Inputs in) { return resize(filter, in[0], h, w); },
                      {x});
    }
  }
}

}  // namespace
}  // namespace gramgrad::autograd
