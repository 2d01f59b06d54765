// Every operator case on every device in f32 against the reference in f64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/cases.h"
#include "tests/kernels/devices.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

constexpr double f32_epsilon = 0x1p-23;

std::vector<Result> results_of(const OperatorCase& operator_case, const Device& device,
                               const Inputs::Options& options) {
  const Prepared prepared = operator_case.prepare(Inputs(device, options));
  prepared.run();
  device.synchronize();
  return prepared.results;
}

// Number of the first element that is too far off, or -1; NaN is always too far off.
std::ptrdiff_t first_difference(const Result& actual, const std::vector<double>& values,
                                const std::vector<double>& expected,
                                const std::vector<double>& magnitudes) {
  const Tolerance& tolerance = actual.tolerance;
  double largest = 0;
  for (const double magnitude : magnitudes) {
    largest = std::max(largest, std::abs(magnitude));
  }
  const double relative = tolerance.kind == Tolerance::Kind::exact
                              ? 0
                              : f32_epsilon * (tolerance.roundings + std::sqrt(tolerance.terms));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double magnitude =
        tolerance.kind == Tolerance::Kind::tensor ? largest : std::abs(magnitudes[i]);
    if (!(std::abs(values[i] - expected[i]) <= relative * magnitude)) {
      return static_cast<std::ptrdiff_t>(i);
    }
  }
  return -1;
}

void expect_close(const Result& actual, const Result& expected, const Result& magnitude) {
  SCOPED_TRACE("result " + actual.name);
  if (actual.tolerance.kind == Tolerance::Kind::by_another) {
    return;
  }
  if (actual.tensor.dtype() == DType::u8) {
    EXPECT_EQ(actual.tensor.to_host<std::uint8_t>(), expected.tensor.to_host<std::uint8_t>());
    return;
  }
  const auto values = actual.tensor.to_host<double>();
  const auto wanted = expected.tensor.to_host<double>();
  const auto magnitudes = magnitude.tensor.to_host<double>();
  const auto at = first_difference(actual, values, wanted, magnitudes);
  if (at >= 0) {
    const auto i = static_cast<std::size_t>(at);
    ADD_FAILURE() << "element " << i << " of " << values.size() << " is " << values[i]
                  << " and should be " << wanted[i] << "; difference " << values[i] - wanted[i]
                  << ", magnitude " << magnitudes[i];
  }
}

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
        expect_close(actual[i], expected[i], magnitudes[i]);
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
