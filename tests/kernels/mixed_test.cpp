// The convolutions of a CUDA device in mixed precision: forward as in TF32, and the gradient of the
// input from numbers rounded to bf16, against the reference in f64.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/bf16.h"
#include "tests/kernels/agreement.h"
#include "tests/kernels/first_gpu.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

// The largest relative error of rounding to bf16.
constexpr double rounding = 0x1p-8;

// The result is rounded before it is added.
double exact_factors_bound(const Tolerance& tolerance) {
  return tensor_core_bound(tolerance) + rounding;
}

// Both factors are rounded too; see tf32_bound in tf32_test.cpp.
double rounded_factors_bound(const Tolerance& tolerance) {
  return exact_factors_bound(tolerance) +
         2 * rounding * std::min(1.0, 8 / std::sqrt(tolerance.terms));
}

class Mixed : public testing::Test {
 protected:
  void SetUp() override {
    if (gpu_.device == nullptr) {
      GTEST_SKIP() << gpu_.obstacle;
    }
  }

  std::vector<Result> results(const OperatorCase& each, const Device& device,
                              WriteMode mode = WriteMode::assign) const {
    return results_of(each, device, {.seed = test_seed(), .mode = mode});
  }

  void expect_agreement(const OperatorCase& each, int bits, Bound bound) const {
    for (const WriteMode mode : {WriteMode::assign, WriteMode::accumulate}) {
      SCOPED_TRACE(each.name + ", seed " + std::to_string(test_seed()) +
                   (mode == WriteMode::assign ? ", assign" : ", accumulate"));
      const Inputs::Options inputs{.seed = test_seed(), .mode = mode, .bits = bits};
      EXPECT_EQ(disagreement(each, *gpu_.device, inputs, bound), "");
    }
  }

  FirstGpu gpu_ = first_gpu(Math::mixed);
};

// Of average pools a quarter flows back, which may need more bits than bf16 has.
TEST_F(Mixed, GradientsAgreeWithReferenceOnNumbersThatBf16Has) {
  int cases = 0;
  for (const OperatorCase& each : cases_of("conv2d_backward_input")) {
    if (each.name.find("_average") == std::string::npos) {
      expect_agreement(each, 6, exact_factors_bound);
      ++cases;
    }
  }
  EXPECT_GE(cases, 5);
}

TEST_F(Mixed, GradientsAgreeWithReferenceWithinTheRoundingOfBf16) {
  for (const OperatorCase& each : cases_of("conv2d_backward_input")) {
    expect_agreement(each, 22, rounded_factors_bound);
  }
}

// Gradients of the input are rounded, and nothing else is.
TEST_F(Mixed, DiffersFromTf32InGradientsOnly) {
  const Device tf32 = *first_gpu(Math::tf32).device;
  const auto expect_same = [&](const OperatorCase& each, bool same) {
    const auto mixed = results(each, *gpu_.device);
    const auto other = results(each, tf32);
    for (std::size_t i = 0; i < mixed.size(); ++i) {
      if (mixed[i].tensor.dtype() == DType::f32) {
        EXPECT_EQ(mixed[i].tensor.to_host<float>() == other[i].tensor.to_host<float>(), same)
            << each.name << ": " << mixed[i].name;
      }
    }
  };
  const Conv2dSize size{.batch = 1,
                        .height = 7,
                        .width = 5,
                        .in = 5,
                        .out = 17,
                        .kernel = 3,
                        .padding = 1,
                        .relu = true};
  expect_same(conv2d_case(size), true);
  expect_same(conv2d_backward_weight_case(size), true);
  expect_same(gram_case({1, 7, 5, 17}), true);
  expect_same(conv2d_backward_input_case(size), false);
}

// One pixel, one channel: dx = dy w, each rounded, and the product too, before it is added to 1.
TEST_F(Mixed, RoundsBothFactorsAndTheirProduct) {
  constexpr float factor = 1 + 0x3p-8F;  // between two numbers of bf16, the even one is above
  const Shape one{1, 1, 1, 1};
  const auto tensor = [&](float value) {
    return Tensor::from_host<float>(*gpu_.device, one, DType::f32, std::vector{value});
  };
  const Tensor dy = tensor(factor);
  Tensor dx = tensor(1);
  gpu_.device->ops().conv2d_backward_input({}, {.dy = &dy}, tensor(factor), dx,
                                           WriteMode::accumulate);
  const float rounded = to_f32(to_bf16(factor));
  ASSERT_EQ(rounded, 1 + 0x1p-6F);
  EXPECT_EQ(dx.to_host<float>().front(), 1 + to_f32(to_bf16(rounded * rounded)));
}

}  // namespace
}  // namespace gramgrad::tests
