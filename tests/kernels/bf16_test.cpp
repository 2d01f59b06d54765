// The operators of a CUDA device on maps in bf16, against the reference in f64 on the same numbers:
// with hand-written kernels alone, and with tensor cores.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "tests/kernels/agreement.h"
#include "tests/kernels/first_gpu.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

class Bf16Maps : public testing::TestWithParam<Math> {
 protected:
  void SetUp() override {
    FirstGpu gpu = first_gpu(GetParam());
    if (gpu.device == nullptr) {
      GTEST_SKIP() << gpu.obstacle;
    }
    device_ = std::move(gpu.device);
  }

  void expect_agreement(const OperatorCase& each, int bits, Bound bound) const {
    for (const WriteMode mode : {WriteMode::assign, WriteMode::accumulate}) {
      if (mode == WriteMode::assign || each.accumulates) {
        SCOPED_TRACE(each.name + ", seed " + std::to_string(test_seed()) +
                     (mode == WriteMode::assign ? ", assign" : ", accumulate"));
        const Inputs::Options inputs{.dtype = DType::bf16,
                                     .bf16_maps = true,
                                     .seed = test_seed(),
                                     .mode = mode,
                                     .bits = bits};
        EXPECT_EQ(disagreement(each, *device_, inputs, bound), "");
      }
    }
  }

  Tensor map(const Shape& shape, const std::vector<float>& values) const {
    return Tensor::from_host<float>(*device_, shape, DType::bf16, values);
  }

  std::unique_ptr<Device> device_;
};

TEST_P(Bf16Maps, AgreesWithReference) {
  int cases = 0;
  for (const OperatorCase& each : operator_cases()) {
    if (each.takes_bf16) {
      expect_agreement(each, 22, bf16_bound);
      ++cases;
    }
  }
  EXPECT_GT(cases, 100);
}

// Tiles whole and cut off, on the diagonal and above it; one split and several; rows that begin at
// 16 bytes, at 4 and at 2.
std::vector<OperatorCase> gram_cases() {
  std::vector<OperatorCase> cases;
  for (const Shape& f : {Shape{1, 16, 24, 64}, Shape{1, 23, 31, 68}, Shape{2, 9, 31, 130},
                         Shape{1, 13, 33, 72}, Shape{1, 5, 13, 193}}) {
    cases.push_back(gram_case(f));
    cases.push_back(gram_backward_case(f));
    cases.push_back(gram_style_loss_case(f, true));
  }
  return cases;
}

// On numbers whose sums of two bf16 has, nothing is rounded but sums and what is stored.
TEST_P(Bf16Maps, GramAgreesWithReferenceOnShortNumbers) {
  for (const OperatorCase& each : gram_cases()) {
    expect_agreement(each, 6, tensor_core_bound);
  }
}
TEST_P(Bf16Maps, GramAgreesWithReference) {
  for (const OperatorCase& each : gram_cases()) {
    expect_agreement(each, 22, bf16_bound);
  }
}

// F = 2^56 everywhere: 61 * 67 squares of it are close to the largest f32.
TEST_P(Bf16Maps, GramOfLargeFeaturesDoesNotOverflow) {
  constexpr double pixels = 61 * 67;
  const Tensor f = map({1, 61, 67, 8}, std::vector<float>(61 * 67 * 8, 0x1p56F));
  Tensor g(*device_, {1, 8, 8}, DType::f32);
  device_->ops().gram(1, f, g);
  for (const double value : g.to_host<double>()) {
    EXPECT_EQ(value, pixels * 0x1p112);
  }
  const Tensor target =
      Tensor::from_host<double>(*device_, {1, 8, 8}, DType::f32, std::vector<double>(64, 0.0));
  Tensor loss(*device_, {1}, DType::f32);
  Tensor dg(*device_, {1, 8, 8}, DType::f32);
  device_->ops().gram_style_loss({.gram_scale = 0x1p-112 / pixels, .weight = 1}, f, target, loss,
                                 &dg);
  EXPECT_NEAR(loss.item(), 64, 64 * 0x1p-22);
}

TEST_P(Bf16Maps, GramHidesNoNaNAndNoInfinity) {
  for (const float odd : {std::nanf(""), INFINITY}) {
    std::vector<float> values(4 * 5 * 8, 1.0F);
    values[3 * 8 + 2] = odd;
    Tensor g(*device_, {1, 8, 8}, DType::f32);
    device_->ops().gram(1, map({1, 4, 5, 8}, values), g);
    const auto result = g.to_host<float>();
    for (std::size_t i = 0; i < result.size(); ++i) {
      const bool touched = i / 8 == 2 || i % 8 == 2;
      EXPECT_EQ(std::isfinite(result[i]), !touched) << i;
    }
  }
}

// Masks and winners are those of the map as it is stored.
TEST_P(Bf16Maps, ConvolutionsMasksFitTheirMap) {
  const Inputs inputs(*device_, {.dtype = DType::bf16, .seed = test_seed()});
  const Conv2dParams params{.padding = 1, .relu = true, .pool = PoolKind::max};
  constexpr std::size_t height = 8, width = 6, channels = 24;
  Tensor y = inputs.assigned({1, height, width, channels});
  Tensor pooled = inputs.assigned({1, height / 2, width / 2, channels});
  Tensor relu_mask = inputs.assigned_bytes({1, height, width, channels / 8});
  Tensor winners = inputs.assigned_bytes(pooled.shape());
  device_->ops().conv2d(
      params, inputs.values("x", {1, height, width, 16}), inputs.values("w", {channels, 3, 3, 16}),
      inputs.values("b", {channels}),
      {.y = &y, .pooled = &pooled, .relu_mask = &relu_mask, .pool_mask = &winners});
  const auto map = y.to_host<float>();
  const auto bits = relu_mask.to_host<std::uint8_t>();
  for (std::size_t i = 0; i < map.size(); ++i) {
    ASSERT_EQ((bits[i / 8] >> (i % 8) & 1) != 0, map[i] > 0) << i;
  }
  const auto largest = pooled.to_host<float>();
  const auto winner = winners.to_host<std::uint8_t>();
  for (std::size_t i = 0; i < largest.size(); ++i) {
    const std::size_t pixel = i / channels;
    const std::size_t row = pixel / (width / 2) * 2;
    const std::size_t column = pixel % (width / 2) * 2;
    std::vector<float> window;
    for (std::size_t k = 0; k < 4; ++k) {
      window.push_back(map[((row + k / 2) * width + column + k % 2) * channels + i % channels]);
    }
    const auto first = std::max_element(window.begin(), window.end());
    ASSERT_EQ(largest[i], *first) << i;
    ASSERT_EQ(winner[i], first - window.begin()) << i;
  }
}

// ---------------------------------------------------------------- conversions

bool same(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

TEST_P(Bf16Maps, AxpbyConverts) {
  using Limits = std::numeric_limits<float>;
  const std::vector<float> values{0.0F,
                                  -0.0F,
                                  1.0F,
                                  1.0F + 0x1p-8F,
                                  1.0F + 0x3p-8F,
                                  -1.0F - 0x1p-7F,
                                  Limits::max(),
                                  -Limits::infinity(),
                                  Limits::quiet_NaN(),
                                  0x1p-130F,
                                  3.14159265F};
  const Shape shape{static_cast<std::int64_t>(values.size())};
  const Tensor wide = Tensor::from_host<float>(*device_, shape, DType::f32, values);
  Tensor narrow(*device_, shape, DType::bf16);
  device_->ops().axpby(1, wide, 0, narrow);
  Tensor back(*device_, shape, DType::f32);
  device_->ops().axpby(1, narrow, 0, back);
  Tensor twice = map(shape, values);
  device_->ops().axpby(1, back, 1, twice);
  const auto rounded = narrow.to_host<float>();
  const auto widened = back.to_host<float>();
  const auto doubled = twice.to_host<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float expected = to_f32(to_bf16(values[i]));
    EXPECT_TRUE(same(rounded[i], expected)) << values[i] << " became " << rounded[i];
    EXPECT_TRUE(same(widened[i], expected)) << values[i] << " became " << widened[i];
    EXPECT_TRUE(same(doubled[i], 2 * expected)) << values[i] << " became " << doubled[i];
  }
}

TEST_P(Bf16Maps, AreRefusedWhereTheyAreNotMeant) {
  const auto expect_refused = [](const char* message, const std::function<void()>& call) {
    try {
      call();
      ADD_FAILURE() << "nothing was thrown; expected: " << message;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), message);
    }
  };
  const Inputs bf16(*device_, {.dtype = DType::bf16});
  const Inputs f32(*device_, {});
  const Ops& ops = device_->ops();
  Tensor picture = bf16.values("x", {1, 2, 2, 3});
  expect_refused("channel_affine: x is bf16, and this operator takes f32",
                 [&] { ops.channel_affine({}, picture, picture); });
  expect_refused("clamp: x is bf16, and this operator takes f32",
                 [&] { ops.clamp(picture, 0, 1); });
  expect_refused("conv2d: w is f32 and x is bf16", [&] {
    Tensor y = bf16.assigned({1, 2, 2, 3});
    ops.conv2d({}, picture, f32.values("w", {3, 1, 1, 3}), Tensor(), {.y = &y});
  });
  expect_refused("gram: g is bf16 and must be f32", [&] {
    Tensor g = bf16.assigned({1, 3, 3});
    ops.gram(1, picture, g);
  });
  expect_refused("multiply_scalar: s is bf16 and must be f32", [&] {
    Tensor y = bf16.assigned(picture.shape());
    ops.multiply_scalar(bf16.values("s", {1}), picture, y, WriteMode::assign);
  });
  expect_refused("device cpu does not compute in bf16",
                 [] { Tensor(Device::cpu(1), {1}, DType::bf16); });
}

INSTANTIATE_TEST_SUITE_P(Math, Bf16Maps, testing::Values(Math::f32, Math::tf32),
                         [](const auto& math) {
                           return std::string(math.param == Math::f32 ? "Plain" : "TensorCores");
                         });

}  // namespace
}  // namespace gramgrad::tests
