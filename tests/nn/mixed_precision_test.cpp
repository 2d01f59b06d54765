// Style transfer on a processor that rounds to bf16 in its convolutions, against the same in f32.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "kernels/cpu/panels.h"
#include "nn/objective.h"
#include "tests/kernels/winograd_rounding.h"
#include "tests/nn/golden.h"
#include "tests/nn/nst_pictures.h"

namespace gramgrad::nn {
namespace {

struct ObjectiveAt {
  double loss;
  std::vector<double> gradient;
};

ObjectiveAt objective_in(Math math) {
  const Device device = Device::cpu(2, math);
  const std::vector<std::byte> bytes = synthetic_vgg19();
  const Vgg vgg(WeightsFile::from_memory(bytes, "synthetic"), device, DType::f32, PoolKind::max);
  const Pictures pictures(device, DType::f32);
  ObjectiveOptions options;
  options.style_layers.clear();
  for (const std::string& tap : style_taps) {
    options.style_layers.push_back({tap, 0.2});
  }
  const Objective objective(vgg, options, pictures.content, std::array{pictures.style});
  const autograd::Variable x(pictures.generated, true);
  const Objective::Value value = objective(x);
  autograd::backward(value.total);
  return {value.total.value().item(), x.grad().to_host<double>()};
}

class MixedPrecision : public testing::Test {
 protected:
  void SetUp() override {
    if (!cpu::multiplies_bf16()) {
      GTEST_SKIP() << "this processor has no instructions that multiply bf16 numbers";
    }
  }
};

// Relative L2 error of what comes out of each of the twelve convolutions that round, if their
// errors are independent: the first, then the first two, and so on. A picture of 48 x 64 pixels. On
// the way back each block adds the gradient of a Gram matrix, whose factors are off by 2^-8 /
// sqrt(3) in the mean of squares (winograd_rounding.cpp).
std::vector<double> errors_on_the_way(bool gradient) {
  struct Block {
    int convolutions, height, width;
  };
  double squares = 0;
  std::vector<double> errors;
  for (const auto& [convolutions, height, width] :
       {Block{1, 48, 64}, Block{2, 24, 32}, Block{4, 12, 16}, Block{4, 6, 8}, Block{1, 3, 4}}) {
    const tests::Conv2dSize size{.batch = 1,
                                 .height = height,
                                 .width = width,
                                 .in = 64,
                                 .out = 64,
                                 .kernel = 3,
                                 .padding = 1};
    squares += gradient ? 2.0 / 3 * 0x1p-16 : 0;
    for (int i = 0; i < convolutions; ++i) {
      squares += std::pow(tests::allowed_bf16_l2(size, gradient, 64 * height * width), 2);
      errors.push_back(std::sqrt(squares));
    }
  }
  return errors;
}

// Forward is f32: every decision of ReLU and pooling is the same. On the way back a gradient
// collects the roundings of all convolutions at most: what style losses add later, fewer.
TEST_F(MixedPrecision, ChangesTheGradientByItsRoundingsAndNothingElse) {
  const ObjectiveAt f32 = objective_in(Math::f32);
  const ObjectiveAt mixed = objective_in(Math::mixed);
  EXPECT_EQ(mixed.loss, f32.loss);
  const double distance = relative_distance(mixed.gradient, f32.gradient);
  EXPECT_LE(distance, errors_on_the_way(true).back());
  EXPECT_GE(distance, 0x1p-9) << "nothing was rounded";
}

// Forward too, an error turns a value's sign or makes another the largest of its pool, 0.8 times as
// likely as the error is large, for normal values. As much of the gradient's energy arrives
// elsewhere: a distance of the root of its sum over the convolutions.
TEST_F(MixedPrecision, Bf16ChangesTheGradientByItsDecisionsToo) {
  const ObjectiveAt f32 = objective_in(Math::f32);
  const ObjectiveAt bf16 = objective_in(Math::bf16);
  const std::vector<double> errors = errors_on_the_way(false);
  EXPECT_NE(bf16.loss, f32.loss) << "nothing was rounded";
  EXPECT_NEAR(bf16.loss / f32.loss, 1, errors.back());
  const double strayed = 0.8 * std::accumulate(errors.begin(), errors.end(), 0.0);
  EXPECT_LE(relative_distance(bf16.gradient, f32.gradient), std::sqrt(strayed));
}

}  // namespace
}  // namespace gramgrad::nn
