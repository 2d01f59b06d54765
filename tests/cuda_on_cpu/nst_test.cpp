// Neural style transfer as a whole, on the CUDA device's kernels and on the reference.
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "autograd/functions.h"
#include "nn/stylizer.h"
#include "tests/cuda_on_cpu/runner.h"
#include "tests/kernels/random_tensors.h"
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

// A narrow VGG19 (8 to 64 channels).
Vgg narrow_vgg(const Device& device, DType dtype, PoolKind pooling) {
  const std::vector<std::byte> weights = synthetic_vgg19(8);
  return Vgg(WeightsFile::from_memory(weights, "synthetic"), device, dtype, pooling);
}

// At 32 x 24, in f32 but for the features.
Outcome stylized(const Device& device, OptimizerKind optimizer, PoolKind pooling,
                 DType dtype = DType::f32) {
  const Vgg vgg = narrow_vgg(device, dtype, pooling);
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

// The objective at a picture that is neither content nor style.
struct ObjectiveAt {
  double total;
  std::vector<double> gradient;
};
ObjectiveAt evaluated(const Device& device, DType dtype) {
  const Vgg vgg = narrow_vgg(device, dtype, PoolKind::max);
  const auto picture = [&](std::uint64_t stream) {
    return synthetic_picture(stream, 24, 32, device, DType::f32);
  };
  const std::array styles{picture(203)};
  const Objective objective(vgg, {}, picture(201), styles);
  autograd::Variable x(picture(205), true);
  const autograd::Variable total = objective(x).total;
  autograd::backward(total);
  return {total.value().item(), x.grad().to_host<double>()};
}

void expect_equal(const Outcome& actual, const Outcome& expected) {
  ASSERT_EQ(actual.losses.size(), std::size_t{iterations});
  for (std::size_t i = 0; i < actual.losses.size(); ++i) {
    EXPECT_NEAR(actual.losses[i] / expected.losses[i], 1, 1e-5) << "iteration " << i;
  }
  EXPECT_LE(relative_distance(actual.picture, expected.picture), 1e-5);
}

// Blocks and threads in a random order; order_test.cpp has every operator's results in three.
class NstOnCuda : public testing::Test {
 protected:
  void SetUp() override {
    cuda_on_cpu::configure({.order = cuda_on_cpu::Order::random, .seed = tests::test_seed()});
  }
  void TearDown() override { cuda_on_cpu::configure({}); }

 private:
  testing::ScopedTrace seed_{__FILE__, __LINE__, "seed " + std::to_string(tests::test_seed())};
};

TEST_F(NstOnCuda, equals_the_reference_with_adam_and_maximum_pooling) {
  expect_equal(stylized(Device::cuda(), OptimizerKind::adam, PoolKind::max),
               stylized(Device::reference(), OptimizerKind::adam, PoolKind::max));
}

TEST_F(NstOnCuda, equals_the_reference_with_lbfgs_and_average_pooling) {
  expect_equal(stylized(Device::cuda(), OptimizerKind::lbfgs, PoolKind::average),
               stylized(Device::reference(), OptimizerKind::lbfgs, PoolKind::average));
}

// Ten convolutions to the deepest layer, each with roundings of its weights and of its output by at
// most 2^-8, uniform and independent: features are off by sqrt(2 * 10) 2^-8 / sqrt(3), 1.0 %, and
// Gram matrices by twice that; squared differences of matrices that are as large themselves by
// twice that again. So are gradients, but for what goes another way: where an error turns a value's
// sign (0.8 times as likely as the error is large, for normal values) or makes another the largest
// of its pool, the gradient arrives elsewhere. The errors of ten layers sum to 7 %: of the
// gradient's energy 0.8 times that strays, which is a distance of sqrt(0.058).
constexpr double bf16_tolerance = 0.04;
constexpr double bf16_stray = 0.24;

TEST_F(NstOnCuda, in_bf16_is_as_close_to_the_reference_as_its_roundings_allow) {
  const Outcome bf16 =
      stylized(Device::cuda(0, Math::tf32), OptimizerKind::adam, PoolKind::max, DType::bf16);
  const Outcome exact = stylized(Device::reference(), OptimizerKind::adam, PoolKind::max);
  ASSERT_EQ(bf16.losses.size(), std::size_t{iterations});
  for (std::size_t i = 0; i < bf16.losses.size(); ++i) {
    EXPECT_NEAR(bf16.losses[i] / exact.losses[i], 1, bf16_tolerance) << "iteration " << i;
    EXPECT_NE(bf16.losses[i], exact.losses[i]) << "nothing was rounded in iteration " << i;
  }
  const auto rounded = evaluated(Device::cuda(0, Math::tf32), DType::bf16).gradient;
  const auto reference = evaluated(Device::reference(), DType::f32).gradient;
  EXPECT_LE(relative_distance(rounded, reference), bf16_stray);
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  EXPECT_NEAR(dot(rounded, reference) / dot(reference, reference), 1, bf16_tolerance);
}

// The forward pass is TF32's, so that ReLU and pooling decide as they do there. At each of at most
// thirteen convolutions on the way back to the picture the gradient, the weights and the result are
// rounded, each off by 2^-8 at most, uniform and independent: sqrt(3 * 13) 2^-8 / sqrt(3), 1.4 %.
constexpr double mixed_tolerance = 0.014;

TEST_F(NstOnCuda, in_mixed_precision_is_off_by_the_roundings_of_gradients) {
  const ObjectiveAt mixed = evaluated(Device::cuda(0, Math::mixed), DType::f32);
  const ObjectiveAt tf32 = evaluated(Device::cuda(0, Math::tf32), DType::f32);
  EXPECT_EQ(mixed.total, tf32.total);
  const double distance = relative_distance(mixed.gradient, tf32.gradient);
  EXPECT_LE(distance, mixed_tolerance);
  EXPECT_GE(distance, mixed_tolerance / 10) << "nothing was rounded";
}

// What takes f32 sees a map in bf16 as f32, and its gradient comes back to it: d(x . x) = 2 x.
TEST_F(NstOnCuda, converts_features_and_their_gradients) {
  const Device device = Device::cuda();
  const std::vector<float> values{1, -2.5F, 0.125F, 3};
  const autograd::Variable x(Tensor::from_host<float>(device, {1, 1, 1, 4}, DType::bf16, values),
                             true);
  const auto as_f32 = [&] { return autograd::convert(x, DType::f32); };
  const autograd::Variable square = autograd::sum(autograd::multiply(as_f32(), as_f32()));
  EXPECT_EQ(square.value().item(), 1 + 6.25 + 0.015625 + 9);
  autograd::backward(square);
  EXPECT_EQ(x.grad().dtype(), DType::bf16);
  EXPECT_EQ(x.grad().to_host<float>(), (std::vector<float>{2, -5, 0.25F, 6}));
}

}  // namespace
}  // namespace gramgrad::nn
