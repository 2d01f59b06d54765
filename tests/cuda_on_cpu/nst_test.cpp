// Neural style transfer as a whole, on the CUDA device's kernels and on the reference.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "nn/stylizer.h"
#include "tests/cuda_on_cpu/runner.h"
#include "tests/nn/golden.h"
#include "tests/nn/synthetic_vgg.h"

namespace gramgrad::nn {
namespace {

struct Outcome {
  std::vector<double> losses;  // of each iteration
  std::vector<double> picture;
};

// Two iterations are run, then one is recorded and replayed with all that follow.
constexpr int iterations = 5;

// At 32 x 24 on a narrow VGG19 (8 to 64 channels), in f32.
Outcome stylized(const Device& device, OptimizerKind optimizer, PoolKind pooling) {
  const std::vector<std::byte> weights = synthetic_vgg19(8);
  const Vgg vgg(WeightsFile::from_memory(weights, "synthetic"), device, DType::f32, pooling);
  const auto picture = [&](std::uint64_t stream, std::int64_t height, std::int64_t width) {
    return synthetic_picture(stream, height, width, device, DType::f32);
  };
  StylizerOptions options;
  options.optimizer.kind = optimizer;
  Outcome outcome;
  const StylizeResult result = stylize(
      vgg, options, {picture(201, 24, 32), {picture(203, 30, 28)}, {}},
      std::array{Scale{24, 32, iterations}}, [&](const IterationReport& report, const Tensor&) {
        outcome.losses.push_back(report.total);
        return true;
      });
  outcome.picture = result.picture.to_host<double>();
  return outcome;
}

void expect_equal(const Outcome& actual, const Outcome& expected) {
  ASSERT_EQ(actual.losses.size(), std::size_t{iterations});
  for (std::size_t i = 0; i < actual.losses.size(); ++i) {
    EXPECT_NEAR(actual.losses[i] / expected.losses[i], 1, 1e-5) << "iteration " << i;
  }
  EXPECT_LE(relative_distance(actual.picture, expected.picture), 1e-5);
}

class NstOnCuda : public testing::TestWithParam<cuda_on_cpu::Order> {
 protected:
  void SetUp() override { cuda_on_cpu::configure({.order = GetParam()}); }
  void TearDown() override { cuda_on_cpu::configure({}); }
};

TEST_P(NstOnCuda, equals_the_reference_with_adam_and_maximum_pooling) {
  expect_equal(stylized(Device::cuda(), OptimizerKind::adam, PoolKind::max),
               stylized(Device::reference(), OptimizerKind::adam, PoolKind::max));
}

TEST_P(NstOnCuda, equals_the_reference_with_lbfgs_and_average_pooling) {
  expect_equal(stylized(Device::cuda(), OptimizerKind::lbfgs, PoolKind::average),
               stylized(Device::reference(), OptimizerKind::lbfgs, PoolKind::average));
}

std::string order_name(const testing::TestParamInfo<cuda_on_cpu::Order>& info) {
  constexpr std::array names{"forward", "reverse", "random"};
  return names[static_cast<std::size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Orders, NstOnCuda,
                         testing::Values(cuda_on_cpu::Order::forward, cuda_on_cpu::Order::reverse,
                                         cuda_on_cpu::Order::random),
                         order_name);

}  // namespace
}  // namespace gramgrad::nn
