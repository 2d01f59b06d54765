// The gradient of Gram matrices on a processor that rounds its factors to bf16.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/cpu/panels.h"
#include "tests/kernels/agreement.h"
#include "tests/kernels/instruction_sets.h"

namespace gramgrad::tests {
namespace {

// One pixel and one channel; an odd number of channels; several tasks, the last one cut off;
// several pairs of panels, whole and cut off.
const Shape shapes[] = {
    {1, 1, 1, 1}, {2, 5, 7, 19}, {1, 14, 29, 68}, {1, 3, 67, 128}, {1, 2, 3, 509}};

class GramBf16 : public testing::TestWithParam<Math> {
 protected:
  void SetUp() override {
    if (!cpu::multiplies_bf16()) {
      GTEST_SKIP() << "this processor has no instructions that multiply bf16 numbers";
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Maths, GramBf16, testing::Values(Math::mixed, Math::bf16),
                         [](const auto& math) {
                           return math.param == Math::mixed ? "mixed" : "bf16";
                         });

// Features that bf16 has; what is rounded is dg + dg^T.
TEST_P(GramBf16, AgreesWithReferenceWithinTheRoundingOfTheGradient) {
  for (const Shape& shape : shapes) {
    for (const WriteMode mode : {WriteMode::assign, WriteMode::accumulate}) {
      for_each_instruction_set([&] {
        const OperatorCase each = gram_backward_case(shape);
        SCOPED_TRACE(each.name + (mode == WriteMode::assign ? ", assign" : ", accumulate"));
        const Inputs::Options inputs{.seed = test_seed(), .mode = mode, .bits = 7};
        EXPECT_EQ(disagreement(each, Device::cpu(2, GetParam()), inputs, bf16_bound), "");
      });
    }
  }
}

// df of the features f, bit by bit.
std::vector<std::uint32_t> gradient_bits(const Device& device, const Shape& shape,
                                         const std::vector<float>& f) {
  const Inputs inputs(device, {.seed = test_seed()});
  inputs.assigned({1, 256, 256, 16});  // NaN, released: what the operator takes for itself
  Tensor df = inputs.assigned(shape);
  device.ops().gram_backward(-0.7, Tensor::from_host<float>(device, shape, DType::f32, f),
                             inputs.values("dg", {shape[0], shape[3], shape[3]}), df,
                             WriteMode::assign);
  std::vector<std::uint32_t> bits;
  for (const float value : df.to_host<float>()) {
    bits.push_back(std::bit_cast<std::uint32_t>(value));
  }
  return bits;
}

// Rounding features beforehand changes nothing, whatever the threads; a NaN stays in its pixel.
TEST_P(GramBf16, RoundsFeaturesToNearest) {
  for (const Shape& shape : shapes) {
    std::vector<float> f =
        Inputs(Device::reference(), {.seed = test_seed()}).values("f", shape).to_host<float>();
    f.back() = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> rounded;
    for (const float value : f) {
      rounded.push_back(to_f32(to_bf16(value)));
    }
    for_each_instruction_set([&] {
      SCOPED_TRACE(testing::Message() << shape[1] << "x" << shape[2] << "x" << shape[3]);
      const auto expected = gradient_bits(Device::cpu(1, GetParam()), shape, rounded);
      EXPECT_EQ(gradient_bits(Device::cpu(1, GetParam()), shape, f), expected);
      EXPECT_EQ(gradient_bits(Device::cpu(3, GetParam()), shape, f), expected);
      const auto nan_in_last_pixel = expected.size() - static_cast<std::size_t>(shape[3]);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(std::isnan(std::bit_cast<float>(expected[i])), i >= nan_in_last_pixel) << i;
      }
    });
  }
}

}  // namespace
}  // namespace gramgrad::tests
