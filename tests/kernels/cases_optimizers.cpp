// Cases of the optimisers' steps.
#include <cmath>
#include <cstring>

#include "tests/kernels/case_names.h"
#include "tests/kernels/cases.h"

namespace gramgrad::tests {
namespace {

constexpr Tolerance by_another{.kind = Tolerance::Kind::by_another};

// Clamping makes no error larger: magnitudes are those without it.
AfterStep after_step(const Inputs& inputs, Tensor& average) {
  AfterStep after{.average_decay = 0.75, .average = &average};
  if (inputs.factor(-1) < 0) {
    after.low = -0.5;
    after.high = 0.625;
  }
  return after;
}

template <typename State>
Tensor state_after(const Inputs& inputs, std::int64_t steps) {
  State state{};
  state.status.steps = steps;
  std::vector<std::uint8_t> bytes(sizeof state);
  std::memcpy(bytes.data(), &state, sizeof state);
  return Tensor::from_host<std::uint8_t>(inputs.device(), {sizeof state}, DType::u8, bytes);
}

}  // namespace

// The third step.
OperatorCase adam_step_case(const Shape& shape) {
  return {.name = fmt::format("adam_step_{}", sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor m = inputs.values("m", shape);
                // Second moments are not negative: the magnitude of the first is one.
                Tensor v = inputs.values("v", shape);
                inputs.ops().multiply(inputs.values("v", shape), inputs.values("v", shape), v,
                                      WriteMode::assign);
                Tensor x = inputs.values("x", shape, Inputs::Role::subtracted);
                Tensor average = inputs.values("average", shape, Inputs::Role::subtracted);
                return Prepared{
                    .run =
                        [=, g = inputs.values("g", shape), loss = inputs.values("loss", {1}),
                         state = state_after<AdamState>(inputs, 2)]() mutable {
                          inputs.ops().adam_step({.learning_rate = 0.25},
                                                 after_step(inputs, average), loss, g, m, v, state,
                                                 x);
                        },
                    .results = {{"m", m, {}},
                                {"v", v, {}},
                                {"x", x, {.roundings = 16}},
                                {"average", average, {.roundings = 18}}}};
              },
          .operations = 12.0 * static_cast<double>(shape.size())};
}

// The first two steps: only the second has a velocity behind it.
OperatorCase sgd_step_case(const Shape& shape, double momentum) {
  return {
      .name = fmt::format("sgd_step_{}{}", momentum == 0 ? "without_momentum_" : "", sizes(shape)),
      .prepare =
          [=](const Inputs& inputs) {
            Tensor v = momentum == 0 ? Tensor() : inputs.assigned(shape);
            Tensor x = inputs.values("x", shape, Inputs::Role::subtracted);
            Tensor average = inputs.values("average", shape, Inputs::Role::subtracted);
            std::vector<Result> results{{"x", x, {.roundings = 8}},
                                        {"average", average, {.roundings = 10}}};
            if (momentum != 0) {
              results.push_back({"v", v, {}});
            }
            return Prepared{.run =
                                [=, loss = inputs.values("loss", {1}),
                                 state = state_after<SgdState>(inputs, 0)]() mutable {
                                  for (const char* name : {"g", "second_g"}) {
                                    inputs.ops().sgd_step(
                                        {.learning_rate = 0.25, .momentum = momentum},
                                        after_step(inputs, average), loss,
                                        inputs.values(name, shape), v, state, x);
                                  }
                                },
                            .results = results};
          },
      .operations = 4.0 * static_cast<double>(shape.size())};
}

// Enough steps to go around the ring. optimizer_steps_test.cpp checks the values.
OperatorCase lbfgs_step_case(const Shape& shape, int pairs) {
  return {.name = fmt::format("lbfgs_step_{}_pairs_{}", pairs, sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor s = inputs.assigned({pairs + 1, shape.size()});
                Tensor y = inputs.assigned({pairs + 1, shape.size()});
                Tensor state = zero_state(inputs.device(), lbfgs_state_bytes(pairs + 1));
                Tensor x = inputs.values("x", shape);
                Tensor average = inputs.values("average", shape);
                return Prepared{.run =
                                    [=, loss = inputs.values("loss", {1})]() mutable {
                                      for (int step = 0; step < pairs + 2; ++step) {
                                        inputs.ops().lbfgs_step(
                                            {}, after_step(inputs, average), loss,
                                            inputs.values(fmt::format("g{}", step), shape), s, y,
                                            state, x);
                                      }
                                    },
                                .results = {{"x", x, by_another},
                                            {"average", average, by_another},
                                            {"s", s, by_another},
                                            {"y", y, by_another},
                                            {"state", state, by_another}}};
              },
          .operations = 12.0 * static_cast<double>((pairs + 2) * pairs * shape.size())};
}

// From 0, so that x is the sum of the steps, as exact as they are. Gradients are given and shrink
// by halves: curvatures y.s are then as large as |y| |s|, and no error is amplified by much.
OperatorCase lbfgs_descent_case(const Shape& shape, int pairs) {
  return {
      .name = fmt::format("lbfgs_descent_{}_pairs_{}", pairs, sizes(shape)),
      .prepare =
          [=](const Inputs& inputs) {
            const Shape ring{pairs + 1, shape.size()};
            Tensor x = inputs.sums_around("x", shape, 0, 0);
            std::vector<Tensor> gradients;
            for (int step = 0; step < pairs + 2; ++step) {
              gradients.push_back(
                  inputs.sums_around(fmt::format("g{}", step), shape, 0, std::ldexp(1.0, -step)));
            }
            return Prepared{
                .run =
                    [=, s = inputs.assigned(ring), y = inputs.assigned(ring),
                     loss = inputs.values("loss", {1}),
                     state = zero_state(inputs.device(), lbfgs_state_bytes(pairs + 1))]() mutable {
                      for (const Tensor& g : gradients) {
                        inputs.ops().lbfgs_step({}, {}, loss, g, s, y, state, x);
                      }
                    },
                .results = {{"x", x, {.kind = Tolerance::Kind::tensor, .roundings = 16}}}};
          },
      .operations = 12.0 * static_cast<double>((pairs + 2) * pairs * shape.size())};
}

}  // namespace gramgrad::tests
