// Comparison, element by element.
#include "tests/kernels/agreement.h"

#include <algorithm>
#include <cmath>

namespace gramgrad::tests {
namespace {

constexpr double f32_epsilon = 0x1p-23;
constexpr double bf16_rounding = 0x1p-8;  // at most, relative to what is rounded

// Number of the first element that is too far off, or -1.
std::ptrdiff_t first_difference(const Result& actual, const std::vector<double>& values,
                                const std::vector<double>& expected,
                                const std::vector<double>& magnitudes, Bound bound) {
  const Tolerance& tolerance = actual.tolerance;
  double largest = 0;
  for (const double magnitude : magnitudes) {
    largest = std::max(largest, std::abs(magnitude));
  }
  const bool exact = tolerance.kind == Tolerance::Kind::exact;
  const double relative = exact ? 0 : bound(tolerance);
  const double rounding = !exact && actual.tensor.dtype() == DType::bf16 ? bf16_rounding : 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double magnitude =
        tolerance.kind == Tolerance::Kind::tensor ? largest : std::abs(magnitudes[i]);
    const double before = relative * magnitude;
    const double allowed = before + rounding * (std::abs(expected[i]) + before);
    if (!(std::abs(values[i] - expected[i]) <= allowed)) {
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

double tensor_core_bound(const Tolerance& tolerance) {
  return f32_bound(tolerance) + f32_epsilon * tolerance.terms / 8;
}

double bf16_bound(const Tolerance& tolerance) {
  const double independent = std::min(1.0, 8 / std::sqrt(tolerance.terms));
  return tensor_core_bound(tolerance) + bf16_rounding * tolerance.map_roundings * independent;
}

std::string disagreement(const Result& actual, const Result& expected, const Result& magnitude,
                         Bound bound) {
  if (actual.tolerance.kind == Tolerance::Kind::by_another) {
    return "";
  }
  if (actual.tensor.dtype() == DType::u8) {
    const bool same =
        actual.tensor.to_host<std::uint8_t>() == expected.tensor.to_host<std::uint8_t>();
    return same ? "" : fmt::format("{}: bytes differ", actual.name);
  }
  const auto values = actual.tensor.to_host<double>();
  const auto wanted = expected.tensor.to_host<double>();
  const auto magnitudes = magnitude.tensor.to_host<double>();
  const auto at = first_difference(actual, values, wanted, magnitudes, bound);
  if (at < 0) {
    return "";
  }
  const auto i = static_cast<std::size_t>(at);
  return fmt::format(
      "{}: element {} of {} is {} and should be {}; difference {:.3g}, magnitude {:.6g}",
      actual.name, i, values.size(), values[i], wanted[i], values[i] - wanted[i], magnitudes[i]);
}

std::string disagreement(const OperatorCase& operator_case, const Device& device,
                         const Inputs::Options& inputs, Bound bound) {
  Inputs::Options exact = inputs;
  exact.dtype = DType::f64;
  Inputs::Options absolute = exact;
  absolute.magnitudes = true;
  const auto actual = results_of(operator_case, device, inputs);
  const auto expected = results_of(operator_case, Device::reference(), exact);
  const auto magnitudes = results_of(operator_case, Device::reference(), absolute);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string wrong = disagreement(actual.at(i), expected[i], magnitudes.at(i), bound);
    if (!wrong.empty()) {
      return wrong;
    }
  }
  return "";
}

}  // namespace gramgrad::tests
