// Gradients against fourth-order central differences:
// f'(x) ~ [f(x-2h) - 8 f(x-h) + 8 f(x+h) - f(x+2h)] / 12h, error O(h^4).
#include "autograd/gradcheck.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "autograd/functions.h"
#include "kernels/check.h"

namespace gramgrad::autograd {
namespace {

Tensor random_like(const Tensor& tensor, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<double> values(static_cast<std::size_t>(tensor.size()));
  for (double& value : values) {
    value = static_cast<double>(generator() >> 11) * 0x1p-52 - 1.0;
  }
  return Tensor::from_host<double>(tensor.device(), tensor.shape(), tensor.dtype(), values);
}

// <r, function(inputs)> for a fixed random r: one number, whatever the function's shape.
Variable projected(const DifferentiableFunction& function, std::span<const Variable> inputs,
                   std::uint64_t seed) {
  const Variable y = function(inputs);
  return sum(multiply(y, Variable(random_like(y.value(), seed))));
}

double value_at(const DifferentiableFunction& function, std::span<const Tensor> inputs,
                std::uint64_t seed) {
  std::vector<Variable> variables;
  for (const Tensor& input : inputs) {
    variables.emplace_back(input);
  }
  return projected(function, variables, seed).value().item();
}

double numeric_derivative(const DifferentiableFunction& function, std::vector<Tensor> inputs,
                          std::size_t input, std::size_t element, const GradcheckOptions& options) {
  const Tensor original = inputs[input];
  const std::vector<double> values = original.to_host<double>();
  const auto value = [&](double offset) {
    std::vector<double> moved = values;
    moved[element] += offset;
    inputs[input] =
        Tensor::from_host<double>(original.device(), original.shape(), DType::f64, moved);
    return value_at(function, inputs, options.seed);
  };
  const double h = options.step;
  return (value(-2 * h) - 8 * value(-h) + 8 * value(h) - value(2 * h)) / (12 * h);
}

// What the backward pass added to gradients that started as `before` (undefined: none).
std::vector<std::vector<double>> analytic_gradients(const DifferentiableFunction& function,
                                                    std::span<const Tensor> inputs, bool prefilled,
                                                    std::uint64_t seed) {
  std::vector<Variable> variables;
  std::vector<std::vector<double>> before;
  for (const Tensor& input : inputs) {
    Variable variable(input, true);
    before.emplace_back(static_cast<std::size_t>(input.size()), 0.0);
    if (prefilled) {
      variable.set_grad(random_like(input, seed + before.size()));
      before.back() = variable.grad().to_host<double>();
    }
    variables.push_back(std::move(variable));
  }
  backward(projected(function, variables, seed));
  std::vector<std::vector<double>> gradients;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    check(variables[i].grad().defined(), "gradcheck: no gradient flows to input {}", i);
    gradients.push_back(variables[i].grad().to_host<double>());
    std::transform(gradients[i].begin(), gradients[i].end(), before[i].begin(),
                   gradients[i].begin(), std::minus<>());
  }
  return gradients;
}

double largest_magnitude(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) {
    largest = std::max(largest, std::abs(value));
  }
  return largest;
}

}  // namespace

GradcheckReport gradcheck(const DifferentiableFunction& function, std::span<const Tensor> inputs,
                          const GradcheckOptions& options) {
  for (const Tensor& input : inputs) {
    check(input.dtype() == DType::f64, "gradcheck needs inputs in f64, on the reference device");
  }
  const auto fresh = analytic_gradients(function, inputs, false, options.seed);
  const auto added = analytic_gradients(function, inputs, true, options.seed);
  GradcheckReport report{true, 0.0, "all gradients agree"};
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    std::vector<double> numeric(fresh[input].size());
    for (std::size_t i = 0; i < numeric.size(); ++i) {
      numeric[i] = numeric_derivative(function, {inputs.begin(), inputs.end()}, input, i, options);
    }
    const double unit = std::max(largest_magnitude(numeric), 1e-12);
    for (std::size_t i = 0; i < numeric.size(); ++i) {
      for (const double analytic : {fresh[input][i], added[input][i]}) {
        double error = std::abs(analytic - numeric[i]) / unit;
        error = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
        if (error > report.worst_error) {
          report.worst_error = error;
          report.message = fmt::format("input {}, element {}: analytic {:.12g}, numeric {:.12g}",
                                       input, i, analytic, numeric[i]);
        }
      }
    }
  }
  report.passed = report.worst_error <= options.tolerance;
  return report;
}

GradcheckReport gradcheck(const DifferentiableFunction& function,
                          std::initializer_list<Tensor> inputs, const GradcheckOptions& options) {
  return gradcheck(function, std::span(inputs.begin(), inputs.size()), options);
}

}  // namespace gramgrad::autograd
