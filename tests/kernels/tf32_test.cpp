// The operators of a CUDA device that multiplies in TF32, against the reference in f64.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "tests/kernels/agreement.h"
#include "tests/kernels/first_gpu.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

// Rounding a factor to 10 bits of mantissa is off by at most 2^-11 of it, and a product of two by
// 2^-10; by twice that where a library cuts the bits off instead. Errors of different terms are
// independent: by Hoeffding's inequality their sum is beyond 6 sqrt(sum t^2) 2^-9 once in 10^7
// elements, which for uniform factors is 8 / sqrt(terms) of the largest possible.
double tf32_bound(const Tolerance& tolerance) {
  return tensor_core_bound(tolerance) + 0x1p-9 * std::min(1.0, 8 / std::sqrt(tolerance.terms));
}

class Tf32 : public testing::Test {
 protected:
  void SetUp() override {
    FirstGpu gpu = first_gpu(Math::tf32);
    if (gpu.device == nullptr) {
      GTEST_SKIP() << gpu.obstacle;
    }
    device_ = std::move(gpu.device);
  }

  static std::vector<OperatorCase> gram_cases() {
    std::vector<OperatorCase> chosen = cases_of("gram");
    // Tiles whole and cut off, on the diagonal and above it; one split and several.
    for (const Shape& f : {Shape{1, 16, 24, 64}, Shape{1, 23, 31, 68}, Shape{2, 9, 31, 130},
                           Shape{1, 13, 33, 72}, Shape{1, 5, 13, 193}}) {
      chosen.push_back(gram_case(f));
      chosen.push_back(gram_backward_case(f));
      chosen.push_back(gram_style_loss_case(f, true));
    }
    return chosen;
  }

  void expect_agreement(const OperatorCase& each, int bits, WriteMode mode, Bound bound) const {
    SCOPED_TRACE(each.name + ", seed " + std::to_string(test_seed()) +
                 (mode == WriteMode::assign ? ", assign" : ", accumulate"));
    const Inputs::Options inputs{.seed = test_seed(), .mode = mode, .bits = bits};
    EXPECT_EQ(disagreement(each, *device_, inputs, bound), "");
  }

  void expect_all_agree(const std::vector<OperatorCase>& cases, int bits, Bound bound) const {
    for (const OperatorCase& each : cases) {
      expect_agreement(each, bits, WriteMode::assign, bound);
      if (each.accumulates) {
        expect_agreement(each, bits, WriteMode::accumulate, bound);
      }
    }
  }

  std::unique_ptr<Device> device_;
};

// On numbers that TF32 has, nothing is rounded but sums.

TEST_F(Tf32, GramAgreesWithReferenceOnNumbersThatTf32Has) {
  expect_all_agree(gram_cases(), 9, tensor_core_bound);
}
TEST_F(Tf32, GramAgreesWithReferenceWithinTheRoundingOfTf32) {
  expect_all_agree(cases_of("gram"), 22, tf32_bound);
  expect_agreement(gram_case({1, 9, 31, 68}), 22, WriteMode::assign, tf32_bound);
}
TEST_F(Tf32, ConvolutionsAgreeWithReferenceOnNumbersThatTf32Has) {
  expect_all_agree(cases_of("conv2d"), 9, tensor_core_bound);
}
TEST_F(Tf32, ConvolutionsAgreeWithReferenceWithinTheRoundingOfTf32) {
  expect_all_agree(cases_of("conv2d"), 22, tf32_bound);
}

// Else the tests above would compare f32 with itself.
TEST_F(Tf32, DoesRoundItsFactors) {
  const OperatorCase each = gram_case({1, 1, 1, 3});
  const Inputs::Options inputs{.seed = test_seed()};
  const auto rounded = results_of(each, *device_, inputs).front().tensor.to_host<float>();
  const auto whole = results_of(each, Device::cuda(), inputs).front().tensor.to_host<float>();
  EXPECT_NE(rounded, whole);
}

TEST_F(Tf32, HidesNoNaNAndNoInfinity) {
  for (const float odd : {std::nanf(""), INFINITY}) {
    std::vector<float> values(4 * 5 * 8, 1.0F);
    values[3 * 8 + 2] = odd;
    const Tensor f = Tensor::from_host<float>(*device_, {1, 4, 5, 8}, DType::f32, values);
    Tensor g(*device_, {1, 8, 8}, DType::f32);
    device_->ops().gram(1, f, g);
    const auto result = g.to_host<float>();
    for (std::size_t i = 0; i < result.size(); ++i) {
      const bool touched = i / 8 == 2 || i % 8 == 2;
      EXPECT_EQ(std::isfinite(result[i]), !touched) << i;
    }
  }
}

}  // namespace
}  // namespace gramgrad::tests
