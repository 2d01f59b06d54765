// Steps of the optimisers: L-BFGS's trajectories on every device against the reference's textbook
// recursion, and what happens to bad numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/kernels/case_names.h"
#include "tests/kernels/devices.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

using Floats = std::vector<float>;

Tensor tensor(const Device& device, const Floats& values) {
  return Tensor::from_host<float>(device, {static_cast<std::int64_t>(values.size())}, DType::f32,
                                  values);
}

LbfgsState lbfgs_state(const Tensor& tensor) {
  const auto bytes = tensor.to_host<std::uint8_t>();
  LbfgsState state;
  std::memcpy(&state, bytes.data(), sizeof state);
  return state;
}

// An L-BFGS run on one device, given losses and gradients from outside.
class LbfgsRun {
 public:
  LbfgsRun(const Device& device, const Floats& x, int pairs, const LbfgsParams& params = {})
      : device_(device),
        params_(params),
        s_(Inputs(device, {}).assigned({pairs + 1, static_cast<std::int64_t>(x.size())})),
        y_(Inputs(device, {}).assigned(s_.shape())),
        state_(zero_state(device, lbfgs_state_bytes(pairs + 1))),
        x_(tensor(device, x)) {}

  StopReason step(float loss, const Floats& gradient) {
    device_.ops().lbfgs_step(params_, {}, tensor(device_, {loss}), tensor(device_, gradient), s_,
                             y_, state_, x_);
    return state().status.stop;
  }
  Floats x() const { return x_.to_host<float>(); }
  LbfgsState state() const { return lbfgs_state(state_); }

 private:
  Device device_;
  LbfgsParams params_;
  Tensor s_, y_, state_, x_;
};

// max |a - b| / max |b|; NaN where anything is.
double distance(const Floats& a, const Floats& b) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double apart = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    difference = apart <= difference ? difference : apart;
    size = std::max(size, std::abs(static_cast<double>(b[i])));
  }
  return difference / size;
}

class OptimizerSteps : public testing::TestWithParam<std::string> {
 protected:
  Device device_ = device_named(GetParam());
};

// Both sides get the gradients of a noisy quadratic at the reference's x, keep f32 vectors, and
// compute with far more digits in between, so steps agree but for their rounding to f32, which the
// next steps' curvatures amplify: by less than 2^4 here. A pair too many or too few, or a factor
// off, changes steps by percents.
TEST_P(OptimizerSteps, LbfgsFollowsTheTextbook) {
  struct Problem {
    std::int64_t size;
    int pairs;
  };
  for (const auto& [size, pairs] :
       {Problem{1, 1}, {7, 3}, {7, 12}, {195, 1}, {195, 12}, {4099, 3}}) {
    SCOPED_TRACE(fmt::format("{} elements, {} pairs, seed {}", size, pairs, test_seed()));
    const Inputs inputs(Device::reference(), {.seed = test_seed()});
    const Floats start = inputs.values("x", {size}).to_host<float>();
    const Floats curvature = inputs.values("curvature", {size}).to_host<float>();
    LbfgsRun expected(Device::reference(), start, pairs);
    LbfgsRun actual(device_, start, pairs);
    int rejected = 0;
    for (int step = 0; step < pairs + 6; ++step) {
      const Floats x = expected.x();
      Floats g = inputs.values(fmt::format("g{}", step), {size}).to_host<float>();
      for (std::size_t i = 0; i < g.size(); ++i) {
        g[i] = (1.5F + curvature[i]) * x[i] + 0.01F * g[i];
      }
      const StopReason stop = expected.step(1, g);
      ASSERT_EQ(actual.step(1, g), stop) << "step " << step;
      ASSERT_EQ(actual.state().pairs, expected.state().pairs);
      ASSERT_EQ(actual.state().status.steps, expected.state().status.steps);
      ASSERT_LE(distance(actual.x(), expected.x()), 0x1p-20) << "step " << step;
      ASSERT_GT(distance(actual.x(), x), 0x1p-12) << "step " << step;
      rejected += step > 0 && expected.state().learnt < 0 ? 1 : 0;
    }
    EXPECT_LT(rejected, pairs + 5);
  }
}

// A pair without curvature is left out, and the ring goes on as it was.
TEST_P(OptimizerSteps, LbfgsRefusesPairsWithoutCurvature) {
  LbfgsRun run(device_, {1, 2}, 2);
  EXPECT_EQ(run.step(5, {0.5F, 0}), StopReason::none);
  EXPECT_EQ(run.step(4, {0.25F, 0}), StopReason::none);
  EXPECT_EQ(run.state().pairs, 1);
  const std::int32_t spare = run.state().spare;
  EXPECT_EQ(run.step(4, {0.5F, 0}), StopReason::none);  // the gradient grew along the step
  EXPECT_EQ(run.state().pairs, 1);
  EXPECT_EQ(run.state().learnt, -1);
  EXPECT_EQ(run.state().spare, spare);
}

// The second gradient has hardly changed: without a limit the step would be thousands.
TEST_P(OptimizerSteps, LbfgsKeepsWithinItsLimit) {
  const LbfgsParams limited{.step_limit = 0.5};
  LbfgsRun run(device_, {1, 2}, 2, limited);
  EXPECT_EQ(run.step(5, {3, -4}), StopReason::none);
  EXPECT_NEAR(run.x()[0], 1 - 3.0 / 7, 1e-6);
  EXPECT_EQ(run.x()[1], 2.5F);
  const Floats before = run.x();
  EXPECT_EQ(run.step(4, {2.999F, -4}), StopReason::none);
  EXPECT_EQ(run.x(), (Floats{before[0] - 0.5F, before[1] + 0.5F}));
  // What is learnt from is the step that was taken: y.s = 0.5 |y| for each.
  EXPECT_EQ(run.step(3, {2, -3}), StopReason::none);
  EXPECT_NEAR(run.state().scale, 0.5 * (0.999 + 1) / (0.999 * 0.999 + 1), 1e-6);
}

TEST_P(OptimizerSteps, LbfgsStopsAndJudgesAgain) {
  LbfgsRun run(device_, {1, 2}, 2, {.tolerance_grad = 1e-3, .tolerance_change = 1e-2});
  EXPECT_EQ(run.step(5, {3, -4}), StopReason::none);
  const Floats moved = run.x();
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(run.step(4, {9e-4F, 0}), StopReason::gradient_tolerance);
    EXPECT_EQ(run.step(nan, {1, 1}), StopReason::not_finite);
    EXPECT_EQ(run.step(1, {1, nan}), StopReason::not_finite);
    EXPECT_EQ(run.step(1, {-inf, 1}), StopReason::not_finite);
    EXPECT_EQ(run.step(5.001F, {1, 1}), StopReason::loss_tolerance);
    EXPECT_EQ(run.x(), moved);
    EXPECT_EQ(run.state().status.steps, 1);
  }
  EXPECT_EQ(run.step(4, {-3, 4}), StopReason::none);
  EXPECT_NE(run.x(), moved);
  LbfgsRun flat(device_, {1, 2}, 2, {.tolerance_change = 1e-2});
  EXPECT_EQ(flat.step(5, {1e-2F, 0}), StopReason::no_descent);
  EXPECT_EQ(flat.x(), (Floats{1, 2}));
  LbfgsRun short_steps(device_, {1, 2}, 2, {.tolerance_change = 0.6});
  EXPECT_EQ(short_steps.step(5, {3, -4}), StopReason::none);  // by 4/7 at most
  EXPECT_EQ(short_steps.step(-100, {3, 4}), StopReason::step_tolerance);
}

TEST_P(OptimizerSteps, AdamAndSgdTakeNoStepForBadNumbers) {
  for (const auto& [loss, entry] : {std::pair{nan, 1.0F}, {inf, 1.0F}, {1.0F, nan}, {1.0F, -inf}}) {
    const Tensor bad_loss = tensor(device_, {loss});
    const Tensor bad = tensor(device_, {1, entry, 1});
    Tensor m = tensor(device_, {1, 2, 3}), v = tensor(device_, {4, 5, 6});
    Tensor x = tensor(device_, {7, 8, 9}), average = tensor(device_, {1, 1, 1});
    const AfterStep after{.low = 0, .high = 1, .average_decay = 0.5, .average = &average};
    Tensor state = zero_state(device_, sizeof(AdamState));
    device_.ops().adam_step({}, after, bad_loss, bad, m, v, state, x);
    Tensor sgd_state = zero_state(device_, sizeof(SgdState));
    device_.ops().sgd_step({}, after, bad_loss, bad, v, sgd_state, x);
    EXPECT_EQ(m.to_host<float>(), (Floats{1, 2, 3}));
    EXPECT_EQ(v.to_host<float>(), (Floats{4, 5, 6}));
    EXPECT_EQ(x.to_host<float>(), (Floats{7, 8, 9}));
    EXPECT_EQ(average.to_host<float>(), (Floats{1, 1, 1}));
    for (const Tensor& each : {state, sgd_state}) {
      StepStatus status;
      std::memcpy(&status, each.to_host<std::uint8_t>().data(), sizeof status);
      EXPECT_EQ(status.stop, StopReason::not_finite);
      EXPECT_EQ(status.steps, 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, OptimizerSteps, testing::ValuesIn(device_names()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace gramgrad::tests
