// Trajectories of the optimisers against PyTorch's (tests/golden/make_optim_goldens.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/nn/golden.h"
#include "tests/nn/optim_functions.h"

namespace gramgrad::nn {
namespace {

OptimizerOptions options_from(const nlohmann::json& json) {
  OptimizerOptions options;
  const std::string kind = json.at("kind");
  options.kind = kind == "lbfgs"  ? OptimizerKind::lbfgs
                 : kind == "adam" ? OptimizerKind::adam
                                  : OptimizerKind::sgd;
  options.learning_rate = json.at("learning_rate").get<double>();
  options.history = json.value("history", options.history);
  options.beta1 = json.value("beta1", options.beta1);
  options.beta2 = json.value("beta2", options.beta2);
  options.epsilon = json.value("epsilon", options.epsilon);
  options.momentum = json.value("momentum", options.momentum);
  return options;
}

// max |a - b| / max |b|; NaN where anything is.
double distance(const Values& a, const Values& b) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference = std::max(std::abs(a.at(i) - b[i]), difference);
    size = std::max(size, std::abs(b[i]));
    if (std::isnan(a[i])) {
      return std::numeric_limits<double>::quiet_NaN();
    }
  }
  return difference / size;
}

// Both sides evaluate the same numbers; only the order of sums in dot products differs. `spread` is
// how far trajectories of PyTorch itself drift if each gradient is one unit in the last place off,
// at worst of ten tries: a drift of 20 times that is rounding, more is another algorithm. With two
// pairs or more the allowance stays below 1e-10; with one pair the method is a Barzilai-Borwein
// one, known for its chaotic steps.
TEST(OptimGoldens, TrajectoriesArePyTorchs) {
  const nlohmann::json runs = read_golden("optim.json");
  ASSERT_EQ(runs.size(), 14u);
  for (const nlohmann::json& run : runs) {
    SCOPED_TRACE(run.at("function").get<std::string>() + " " + run.at("optimizer").dump());
    const Function function = run.at("function") == "valley" ? valley : quadratic;
    const OptimizerOptions options = options_from(run.at("optimizer"));
    const auto optimizer = make_optimizer(options);
    const auto xs = run.at("x").get<std::vector<Values>>();
    const auto losses = run.at("loss").get<Values>();
    const auto spread = run.at("spread").get<Values>();
    ASSERT_EQ(losses.size(), 40u);
    Tensor x = tensor_of(xs.front());
    for (std::size_t i = 0; i < losses.size(); ++i) {
      const double tolerance = 1e-14 + 20 * spread.at(i);
      EXPECT_TRUE(tolerance < 1e-10 || options.history == 1);
      EXPECT_LE(distance(x.to_host<double>(), xs.at(i)), tolerance) << "iteration " << i;
      const StepResult result = step(*optimizer, x, evaluation(x, function));
      ASSERT_EQ(result.stop, StopReason::none) << "iteration " << i;
    }
    EXPECT_LE(distance(x.to_host<double>(), xs.back()), 1e-14 + 20 * spread.back());
  }
}

// The same in f32: the first steps, before rounding has grown. Here dot products are rounded to
// f32.
TEST(OptimGoldens, FirstStepsInSinglePrecision) {
  for (const nlohmann::json& run : read_golden("optim.json")) {
    SCOPED_TRACE(run.at("function").get<std::string>() + " " + run.at("optimizer").dump());
    const Function function = run.at("function") == "valley" ? valley : quadratic;
    const auto optimizer = make_optimizer(options_from(run.at("optimizer")));
    const auto xs = run.at("x").get<std::vector<Values>>();
    const auto spread = run.at("spread").get<Values>();
    Tensor x = tensor_of(xs.front(), DType::f32);
    for (std::size_t i = 0; i < 6; ++i) {
      // The noise was one unit of f64: one of f32 is 2^29 times that.
      EXPECT_LE(distance(x.to_host<double>(), xs.at(i)), 0x1p-22 + 20 * 0x1p29 * spread.at(i));
      optimizer->step(x, evaluation(x, function));
    }
  }
}

}  // namespace
}  // namespace gramgrad::nn
