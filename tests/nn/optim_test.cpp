// The optimisers: stop reasons, bad numbers, history, another size.
#include "nn/optim/optim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "tests/nn/optim_functions.h"

namespace gramgrad::nn {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// ---------------------------------------------------------------- stop reasons

// An optimiser is made to step by hand with numbers that lead to one reason.
class LbfgsStops : public testing::Test {
 protected:
  StepResult step(Optimizer& optimizer, double loss, const Values& gradient) {
    return nn::step(optimizer, x_, [&] {
      return Evaluation{tensor_of({loss}), tensor_of(gradient)};
    });
  }
  Values x() const { return x_.to_host<double>(); }

  Tensor x_ = tensor_of({1, 2});
};

TEST_F(LbfgsStops, GradientTolerance) {
  Lbfgs lbfgs({.tolerance_grad = 1e-3});
  EXPECT_EQ(step(lbfgs, 5, {2e-3, 0}).stop, StopReason::none);
  const Values before = x();
  const StepResult result = step(lbfgs, 4, {1e-3, -1e-3});  // equal to the tolerance: enough
  EXPECT_EQ(result.stop, StopReason::gradient_tolerance);
  EXPECT_EQ(result.loss, 4);
  EXPECT_EQ(x(), before);
  EXPECT_EQ(step(lbfgs, 4, {1e-3, -1e-3}).stop, StopReason::gradient_tolerance);
}

TEST_F(LbfgsStops, ZeroGradientStopsWithoutTolerances) {
  Lbfgs lbfgs;
  EXPECT_EQ(step(lbfgs, 5, {0, -0.0}).stop, StopReason::gradient_tolerance);
  EXPECT_EQ(x(), (Values{1, 2}));
}

TEST_F(LbfgsStops, NoDescent) {
  Lbfgs lbfgs({.tolerance_change = 1e-2});
  // First direction is -g, its slope -|g|^2 = -1e-4.
  EXPECT_EQ(step(lbfgs, 5, {1e-2, 0}).stop, StopReason::no_descent);
  EXPECT_EQ(x(), (Values{1, 2}));
  // x did not move, so the next step has nothing to learn from and judges the slope again.
  EXPECT_EQ(step(lbfgs, 5, {1e-2, 0}).stop, StopReason::no_descent);
  EXPECT_EQ(step(lbfgs, 5, {3, 4}).stop, StopReason::none);
}

TEST_F(LbfgsStops, StepTolerance) {
  // The first step is min(1, 1/7) * g: at most 4/7 in an entry.
  Lbfgs stops({.tolerance_change = 4.0 / 7 + 1e-12});
  EXPECT_EQ(step(stops, 5, {3, -4}).stop, StopReason::none);
  EXPECT_NEAR(x()[1], 2 + 4.0 / 7, 1e-15);
  EXPECT_EQ(step(stops, -100, {3, 4}).stop, StopReason::step_tolerance);
  Lbfgs goes_on({.tolerance_change = 4.0 / 7 - 1e-12});
  EXPECT_EQ(step(goes_on, 5, {3, -4}).stop, StopReason::none);
  EXPECT_EQ(step(goes_on, -100, {3, 4}).stop, StopReason::none);
}

TEST_F(LbfgsStops, LossTolerance) {
  Lbfgs lbfgs({.tolerance_change = 0.25});
  EXPECT_EQ(step(lbfgs, 5, {3, -4}).stop, StopReason::none);
  EXPECT_EQ(step(lbfgs, 4.75, {-3, 4}).stop, StopReason::none);  // a change of just the tolerance
  const Values before = x();
  EXPECT_EQ(step(lbfgs, 4.75 + 0.125, {3, -4}).stop, StopReason::loss_tolerance);
  EXPECT_EQ(x(), before);
}

TEST_F(LbfgsStops, OrderOfReasonsIsTorchs) {
  Lbfgs lbfgs({.tolerance_grad = 10, .tolerance_change = 10});
  EXPECT_EQ(step(lbfgs, 5, {20, 0}).stop, StopReason::none);
  EXPECT_EQ(step(lbfgs, 5, {1, 0}).stop, StopReason::gradient_tolerance);
  EXPECT_EQ(step(lbfgs, 5, {11, 0}).stop, StopReason::step_tolerance);
}

// Huge but finite: the slope g.d overflows, and so would x.
TEST_F(LbfgsStops, OverflowingSlope) {
  Lbfgs lbfgs;
  EXPECT_EQ(step(lbfgs, 1, {1e200, 1e200}).stop, StopReason::not_finite);
  EXPECT_EQ(x(), (Values{1, 2}));
  EXPECT_EQ(step(lbfgs, 1, {1, 1}).stop, StopReason::none);
}

TEST(OptimStops, NotFinite) {
  for (const OptimizerKind kind : {OptimizerKind::lbfgs, OptimizerKind::adam, OptimizerKind::sgd}) {
    for (const int steps_before : {0, 1, 3}) {
      for (const auto& [loss, entry] : {std::pair{nan, 1.0}, {inf, 1.0}, {1.0, nan}, {1.0, -inf}}) {
        OptimizerOptions options;
        options.kind = kind;
        const auto optimizer = make_optimizer(options);
        Tensor x = tensor_of({0.25, 0.5, -1});
        for (int i = 0; i < steps_before; ++i) {
          EXPECT_EQ(step(*optimizer, x, evaluation(x, valley)).stop, StopReason::none);
        }
        const Values before = x.to_host<double>();
        const auto bad = [loss = loss, entry = entry] {
          return Evaluation{tensor_of({loss}), tensor_of({1, entry, 1})};
        };
        EXPECT_EQ(step(*optimizer, x, bad).stop, StopReason::not_finite);
        EXPECT_EQ(x.to_host<double>(), before);
        // The state is as it was, too: good numbers go on from there.
        EXPECT_EQ(step(*optimizer, x, evaluation(x, valley)).stop, StopReason::none);
        EXPECT_NE(x.to_host<double>(), before);
      }
    }
  }
}

TEST(OptimStops, EveryReasonHasItsOwnSentence) {
  std::vector<std::string_view> sentences;
  for (int reason = 0; reason <= static_cast<int>(StopReason::not_finite); ++reason) {
    sentences.push_back(describe(static_cast<StopReason>(reason)));
    EXPECT_FALSE(sentences.back().empty());
    for (std::size_t i = 0; i + 1 < sentences.size(); ++i) {
      EXPECT_NE(sentences[i], sentences.back());
    }
  }
  EXPECT_THROW(describe(static_cast<StopReason>(99)), Error);
}

// ---------------------------------------------------------------- history

// The ring drops the oldest pair: with 3 pairs, steps 5 and later forget the first. A long history
// of a run of n steps is all of it, so a history of n - 1 and one of 100 must agree to the bit, and
// a shorter one must not.
TEST(LbfgsHistory, LongerThanTheRunChangesNothing) {
  const auto run = [](int history, int steps) {
    Lbfgs lbfgs({.learning_rate = 0.5, .history = history});
    Tensor x = tensor_of({0.5, 0.5, 0.5, 0.5, 0.5});
    for (int i = 0; i < steps; ++i) {
      lbfgs.step(x, evaluation(x, quadratic));
    }
    return x.to_host<double>();
  };
  EXPECT_EQ(run(8, 9), run(100, 9));
  EXPECT_NE(run(7, 9), run(100, 9));
  EXPECT_NE(run(1, 9), run(2, 9));
}

TEST(LbfgsHistory, NothingIsAllocatedOnceItIsFull) {
  const Device device = Device::reference();
  Lbfgs lbfgs({.learning_rate = 0.5, .history = 3});
  Tensor x = Tensor::from_host<double>(device, {4}, DType::f64, Values{0.5, 0.5, 0.5, 0.5});
  Tensor loss(device, {1}, DType::f64);
  Tensor gradient(device, {4}, DType::f64);
  const auto evaluate = [&] {
    const Sample s = quadratic(x.to_host<double>());
    std::copy(s.gradient.begin(), s.gradient.end(), gradient.data<double>());
    *loss.data<double>() = s.loss;
    return Evaluation{loss, gradient};
  };
  for (int i = 0; i < 4; ++i) {
    lbfgs.step(x, evaluate);
  }
  device.reset_peak_memory();
  const MemoryStatistics full = device.memory();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(step(lbfgs, x, evaluate).stop, StopReason::none);
  }
  EXPECT_EQ(device.memory().peak, full.current);
}

// ---------------------------------------------------------------- another size

// Repeats every value: enough of a resize for these tests.
Tensor twice(const Tensor& x) {
  Values values;
  for (const double value : x.to_host<double>()) {
    values.insert(values.end(), 2, value);
  }
  return tensor_of(values, x.dtype());
}

TEST(OptimResize, LbfgsStartsAgain) {
  Lbfgs used;
  Tensor x = tensor_of({0.5, 0.25, 2});
  for (int i = 0; i < 4; ++i) {
    used.step(x, evaluation(x, quadratic));
  }
  Tensor larger = twice(x);
  used.resize_state(twice);
  Lbfgs fresh;
  Tensor same = tensor_of(larger.to_host<double>());
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(step(used, larger, evaluation(larger, quadratic)).stop, StopReason::none);
    fresh.step(same, evaluation(same, quadratic));
    EXPECT_EQ(larger.to_host<double>(), same.to_host<double>());
  }
}

TEST(OptimResize, AdamAndSgdGoOn) {
  // On a function that treats every entry alike, the doubled run is the small one, doubled.
  const Function alike = [](const Values& x) {
    Sample s{0, {}};
    for (const double value : x) {
      s.loss += value * value;
      s.gradient.push_back(2 * value);
    }
    return s;
  };
  for (const OptimizerKind kind : {OptimizerKind::adam, OptimizerKind::sgd}) {
    OptimizerOptions options;
    options.kind = kind;
    const auto small = make_optimizer(options);
    const auto grown = make_optimizer(options);
    Tensor x = tensor_of({0.5, 0.25, 2});
    Tensor y = tensor_of({0.5, 0.25, 2});
    for (int i = 0; i < 3; ++i) {
      small->step(x, evaluation(x, alike));
      grown->step(y, evaluation(y, alike));
    }
    grown->resize_state(twice);
    y = twice(y);
    for (int i = 0; i < 3; ++i) {
      small->step(x, evaluation(x, alike));
      EXPECT_EQ(step(*grown, y, evaluation(y, alike)).stop, StopReason::none);
      EXPECT_EQ(y.to_host<double>(), twice(x).to_host<double>());
    }
  }
}

// A resize that overshoots below zero must not lead to the root of a negative number.
TEST(OptimResize, AdamsSecondMomentStaysPositive) {
  Adam adam;
  Tensor x = tensor_of({1, 2});
  const auto evaluate = [] { return Evaluation{tensor_of({1}), tensor_of({1, 1})}; };
  adam.step(x, evaluate);
  adam.resize_state([](const Tensor&) { return tensor_of({-1, 0.5}); });
  // Gradient 0 in the first entry: its second moment is 0, and only epsilon is under the line.
  adam.step(x, [] { return Evaluation{tensor_of({1}), tensor_of({0, 1})}; });
  for (const double value : x.to_host<double>()) {
    EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(OptimResize, IsNotOptional) {
  for (const OptimizerKind kind : {OptimizerKind::lbfgs, OptimizerKind::adam, OptimizerKind::sgd}) {
    OptimizerOptions options;
    options.kind = kind;
    const auto optimizer = make_optimizer(options);
    optimizer->resize_state(twice);  // no state yet: nothing to do
    Tensor x = tensor_of({0.5, 0.25, 2});
    optimizer->step(x, evaluation(x, quadratic));
    Tensor larger = twice(x);
    EXPECT_THROW(optimizer->step(larger, evaluation(larger, quadratic)), Error);
    EXPECT_THROW(optimizer->step(x, evaluation(larger, quadratic)), Error);
  }
}

// ---------------------------------------------------------------- options

TEST(OptimOptions, OutOfRange) {
  for (const double rate : {0.0, -1.0, nan, inf}) {
    EXPECT_THROW(Lbfgs({.learning_rate = rate}), Error);
    EXPECT_THROW(Adam({.learning_rate = rate}), Error);
    EXPECT_THROW(Sgd({.learning_rate = rate}), Error);
  }
  for (const int history : {0, -1, 1001}) {
    EXPECT_THROW(Lbfgs({.history = history}), Error);
  }
  for (const double tolerance : {-1e-9, nan}) {
    EXPECT_THROW(Lbfgs({.tolerance_grad = tolerance}), Error);
    EXPECT_THROW(Lbfgs({.tolerance_change = tolerance}), Error);
  }
  for (const double limit : {0.0, -0.1, nan}) {
    EXPECT_THROW(Lbfgs({.step_limit = limit}), Error);
  }
  for (const double factor : {-0.1, 1.0, nan}) {
    EXPECT_THROW(Adam({.beta1 = factor}), Error);
    EXPECT_THROW(Adam({.beta2 = factor}), Error);
    EXPECT_THROW(Sgd({.momentum = factor}), Error);
  }
  for (const double epsilon : {0.0, -1e-8, nan, inf}) {
    EXPECT_THROW(Adam({.epsilon = epsilon}), Error);
  }
  OptimizerOptions unknown;
  unknown.kind = static_cast<OptimizerKind>(7);
  EXPECT_THROW(make_optimizer(unknown), Error);
}

}  // namespace
}  // namespace gramgrad::nn
