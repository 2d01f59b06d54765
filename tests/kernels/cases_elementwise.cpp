// Cases of elementwise operators and sums.
#include "tests/kernels/case_names.h"
#include "tests/kernels/cases.h"

namespace gramgrad::tests {
namespace {

using Reduction = Operator<void(const Tensor&, Tensor&)> Ops::*;

OperatorCase reduction_case(const char* op, Reduction reduction, const Shape& shape, bool exactly) {
  const double count = static_cast<double>(shape.size());
  return {.name = fmt::format("{}_{}", op, sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor out = inputs.assigned_sums({1});
                return Prepared{
                    .run = [=, ops = inputs.ops(),
                            x = inputs.values("x", shape)]() mutable { (ops.*reduction)(x, out); },
                    .results = {{"out", out, exactly ? to_the_bit : Tolerance{.terms = count}}}};
              },
          .takes_bf16 = true,
          .operations = count};
}

OperatorCase fill_case(const Shape& shape) {
  return {.name = fmt::format("fill_{}", sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor x = inputs.assigned(shape);
                return Prepared{.run = [=, ops = inputs.ops()]() mutable { ops.fill(x, -0.375); },
                                .results = {{"x", x, to_the_bit}}};
              },
          .takes_bf16 = true};
}

OperatorCase copy_case(const Shape& shape) {
  return {.name = fmt::format("copy_{}", sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor y = inputs.assigned(shape);
                return Prepared{
                    .run = [=, ops = inputs.ops(),
                            x = inputs.values("x", shape)]() mutable { ops.copy(x, y); },
                    .results = {{"y", y, to_the_bit}}};
              },
          .takes_bf16 = true};
}

// Twice on y: an operator that updates is a case like any other, as y starts from known values.
OperatorCase axpby_case(const Shape& shape, double b) {
  return {.name = fmt::format("axpby_{}{}", b == 0 ? "without_y_" : "", sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor y = b == 0 ? inputs.assigned(shape) : inputs.values("y", shape);
                return Prepared{
                    .run = [=, ops = inputs.ops(), x = inputs.values("x", shape),
                            a = inputs.factor(0.3),
                            factor = inputs.factor(b)]() mutable { ops.axpby(a, x, factor, y); },
                    .results = {{"y", y, {}}}};
              },
          .takes_bf16 = true,
          .operations = 3.0 * static_cast<double>(shape.size())};
}

OperatorCase multiply_scalar_case(const Shape& shape) {
  return {.name = fmt::format("multiply_scalar_{}", sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor y = inputs.output("y", shape);
                return Prepared{
                    .run = [=, ops = inputs.ops(), s = inputs.sums("s", {1}),
                            x = inputs.values("x", shape),
                            mode = inputs.mode()]() mutable { ops.multiply_scalar(s, x, y, mode); },
                    .results = {{"y", y, {}}}};
              },
          .accumulates = true,
          .takes_bf16 = true,
          .operations = static_cast<double>(shape.size())};
}

OperatorCase multiply_case(const Shape& shape) {
  return {.name = fmt::format("multiply_{}", sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor z = inputs.output("z", shape);
                return Prepared{
                    .run = [=, ops = inputs.ops(), x = inputs.values("x", shape),
                            y = inputs.values("y", shape),
                            mode = inputs.mode()]() mutable { ops.multiply(x, y, z, mode); },
                    .results = {{"z", z, {}}}};
              },
          .accumulates = true,
          .takes_bf16 = true,
          .operations = static_cast<double>(shape.size())};
}

OperatorCase clamp_case(const Shape& shape) {
  return {.name = fmt::format("clamp_{}", sizes(shape)), .prepare = [=](const Inputs& inputs) {
            Tensor x = inputs.values("x", shape);
            return Prepared{.run = [=, ops = inputs.ops()]() mutable { ops.clamp(x, -0.5, 0.25); },
                            .results = {{"x", x, to_the_bit}}};
          }};
}

}  // namespace

OperatorCase dot_case(const Shape& shape) {
  const double count = static_cast<double>(shape.size());
  return {.name = fmt::format("dot_{}", sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor out = inputs.assigned_sums({1});
                return Prepared{
                    .run = [=, ops = inputs.ops(), x = inputs.values("x", shape),
                            y = inputs.values("y", shape)]() mutable { ops.dot(x, y, out); },
                    .results = {{"out", out, {.terms = count}}}};
              },
          .takes_bf16 = true,
          .operations = 2 * count};
}

std::vector<OperatorCase> elementwise_cases(const Shape& x) {
  return {fill_case(x),
          copy_case(x),
          axpby_case(x, -1.7),
          axpby_case(x, 0),
          multiply_scalar_case(x),
          multiply_case(x),
          clamp_case(x),
          reduction_case("sum", &Ops::sum, x, false),
          reduction_case("sum_absolute", &Ops::sum_absolute, x, false),
          reduction_case("max_absolute", &Ops::max_absolute, x, true),
          dot_case(x),
          adam_step_case(x),
          sgd_step_case(x, 0.75),
          sgd_step_case(x, 0)};
}

}  // namespace gramgrad::tests
