// Comparison, element by element.
#include "tests/kernels/agreement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace gramgrad::tests {
namespace {

// Number of the first element that is too far off, or -1; NaN is always too far off.
std::ptrdiff_t first_difference(const Result& actual, const std::vector<double>& values,
                                const std::vector<double>& expected,
                                const std::vector<double>& magnitudes, Bound bound) {
  const Tolerance& tolerance = actual.tolerance;
  double largest = 0;
  for (const double magnitude : magnitudes) {
    largest = std::max(largest, std::abs(magnitude));
  }
  const double relative = tolerance.kind == Tolerance::Kind::exact ? 0 : bound(tolerance);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double magnitude =
        tolerance.kind == Tolerance::Kind::tensor ? largest : std::abs(magnitudes[i]);
    if (!(std::abs(values[i] - expected[i]) <= relative * magnitude)) {
      return static_cast<std::ptrdiff_t>(i);
    }
  }
  return -1;
}

}  // namespace

std::vector<Result> results_of(const OperatorCase& operator_case, const Device& device,
                               const Inputs::Options& options) {
  const Prepared prepared = operator_case.prepare(Inputs(device, options));
  prepared.run();
  device.synchronize();
  return prepared.results;
}

double f32_bound(const Tolerance& tolerance) {
  return f32_epsilon * (tolerance.roundings + std::sqrt(tolerance.terms));
}

void expect_close(const Result& actual, const Result& expected, const Result& magnitude,
                  Bound bound) {
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
  const auto at = first_difference(actual, values, wanted, magnitudes, bound);
  if (at >= 0) {
    const auto i = static_cast<std::size_t>(at);
    ADD_FAILURE() << "element " << i << " of " << values.size() << " is " << values[i]
                  << " and should be " << wanted[i] << "; difference " << values[i] - wanted[i]
                  << ", magnitude " << magnitudes[i];
  }
}

}  // namespace gramgrad::tests
