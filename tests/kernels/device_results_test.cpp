// Every operator case on every device in f32 against the reference in f64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernels/agreement.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/devices.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

class OperatorCaseTest : public testing::TestWithParam<std::size_t> {
 protected:
  const OperatorCase& operator_case() const { return operator_cases()[GetParam()]; }

  std::vector<WriteMode> modes() const {
    return operator_case().accumulates ? std::vector{WriteMode::assign, WriteMode::accumulate}
                                       : std::vector{WriteMode::assign};
  }
};

TEST_P(OperatorCaseTest, AgreesWithReference) {
  for (const WriteMode mode : modes()) {
    const Inputs::Options exact{.dtype = DType::f64, .seed = test_seed(), .mode = mode};
    Inputs::Options absolute = exact;
    absolute.magnitudes = true;
    const auto expected = results_of(operator_case(), Device::reference(), exact);
    const auto magnitudes = results_of(operator_case(), Device::reference(), absolute);
    for (const Device& device : all_devices()) {
      SCOPED_TRACE("device " + device.name() + ", threads " + std::to_string(device.threads()) +
                   ", seed " + std::to_string(test_seed()) +
                   (mode == WriteMode::assign ? ", assign" : ", accumulate"));
      const auto actual = results_of(operator_case(), device, {.seed = test_seed(), .mode = mode});
      ASSERT_EQ(actual.size(), expected.size());
      for (std::size_t i = 0; i < actual.size(); ++i) {
        EXPECT_EQ(disagreement(actual[i], expected[i], magnitudes[i]), "");
      }
    }
  }
}

// Bytes, so that NaN and signs of zero count.
std::vector<std::uint8_t> bytes_of(const Tensor& tensor) {
  if (tensor.dtype() == DType::u8) {
    return tensor.to_host<std::uint8_t>();
  }
  const auto values = tensor.to_host<float>();
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
  return {bytes, bytes + values.size() * sizeof(float)};
}

TEST_P(OperatorCaseTest, IsBitIdenticalWhateverTheThreads) {
  for (const WriteMode mode : modes()) {
    const Inputs::Options options{.seed = test_seed(), .mode = mode};
    const auto one = results_of(operator_case(), Device::cpu(1), options);
    for (const int threads : {1, 2, 3}) {
      const auto several = results_of(operator_case(), Device::cpu(threads), options);
      for (std::size_t i = 0; i < one.size(); ++i) {
        EXPECT_TRUE(bytes_of(one[i].tensor) == bytes_of(several[i].tensor))
            << one[i].name << " with " << threads << " threads, seed " << test_seed();
      }
    }
  }
}

std::string case_name(const testing::TestParamInfo<std::size_t>& info) {
  return operator_cases()[info.param].name;
}

INSTANTIATE_TEST_SUITE_P(Ops, OperatorCaseTest,
                         testing::Range<std::size_t>(0, operator_cases().size()), case_name);

}  // namespace
}  // namespace gramgrad::tests
