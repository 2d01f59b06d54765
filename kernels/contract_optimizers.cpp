// Checks of the optimiser steps' arguments, and of what tells the host about steps.
#include "kernels/contract.h"
#include "kernels/contract_arguments.h"

namespace gramgrad {

using namespace contract;

namespace {

struct StepArguments {
  const AfterStep& after;
  const Tensor& loss;
  const Tensor& g;
  const Tensor& state;
  std::int64_t state_bytes;
  const Tensor& x;
};

// What all steps have in common; the picture x is changed by them, and so are `kept`.
void check_step(const char* op, const StepArguments& a, Arguments kept) {
  expect_floats(op, {{"loss", &a.loss}, {"g", &a.g}}, {{"x", &a.x}});
  expect_given(op, {"state", &a.state});
  expect_alike(op, {{"x", &a.x}, {"average", a.after.average}});
  expect_apart(op, {{"loss", &a.loss}, {"g", &a.g}}, {{"x", &a.x}, {"average", a.after.average}});
  for (const Argument& argument : kept) {
    expect_alike(op, {{"x", &a.x}, argument});
    expect_apart(op, {{"loss", &a.loss}, {"g", &a.g}}, {{"x", &a.x}, argument});
  }
  expect_shape(op, {"loss", &a.loss}, {1});
  expect_shape(op, {"g", &a.g}, a.x.shape());
  expect_shape(op, {"average", a.after.average}, a.x.shape());
  expect_mask(op, {"state", &a.state}, a.x, {a.state_bytes});
  check(a.after.low <= a.after.high, "{}: low {} is above high {}", op, a.after.low, a.after.high);
}

}  // namespace

void check_adam_step(const AdamParams&, const AfterStep& after, const Tensor& loss, const Tensor& g,
                     const Tensor& m, const Tensor& v, const Tensor& state, const Tensor& x) {
  constexpr const char* op = "adam_step";
  expect_floats(op, {{"g", &g}}, {{"m", &m}, {"v", &v}, {"x", &x}});
  check_step(op, {after, loss, g, state, sizeof(AdamState), x}, {{"m", &m}, {"v", &v}});
  expect_shape(op, {"m", &m}, x.shape());
  expect_shape(op, {"v", &v}, x.shape());
}

void check_sgd_step(const SgdParams& params, const AfterStep& after, const Tensor& loss,
                    const Tensor& g, const Tensor& v, const Tensor& state, const Tensor& x) {
  constexpr const char* op = "sgd_step";
  check_step(op, {after, loss, g, state, sizeof(SgdState), x}, {{"v", &v}});
  check((params.momentum != 0) == v.defined(),
        "{}: v must be given where the momentum is not 0, and only then", op);
  expect_shape(op, {"v", &v}, x.shape());
}

void check_lbfgs_step(const LbfgsParams& params, const AfterStep& after, const Tensor& loss,
                      const Tensor& g, const Tensor& s, const Tensor& y, const Tensor& state,
                      const Tensor& x) {
  constexpr const char* op = "lbfgs_step";
  expect_floats(op, {{"g", &g}}, {{"s", &s}, {"y", &y}, {"x", &x}});
  expect_rank(op, {"s", &s}, 2);
  const std::int64_t slots = s.shape()[0];
  check(params.step_limit > 0, "{}: the step limit {} must be above 0", op, params.step_limit);
  check(slots >= 2 && slots <= 1001, "{}: a ring of {} slots; there can be 2 to 1001", op, slots);
  check_step(op, {after, loss, g, state, lbfgs_state_bytes(slots), x}, {{"s", &s}, {"y", &y}});
  expect_shape(op, {"s", &s}, {slots, x.size()});
  expect_shape(op, {"y", &y}, s.shape());
}

void check_append_row(std::span<const Tensor> scalars, const Tensor& state, const Tensor& cursor,
                      const RowRing& ring) {
  constexpr const char* op = "append_row";
  check(!scalars.empty() && scalars.size() <= RowRing::most_scalars,
        "{}: a row of {} scalars; there can be 1 to {}", op, scalars.size(), RowRing::most_scalars);
  for (const Tensor& scalar : scalars) {
    expect_given(op, {"a scalar", &scalar});
    expect_alike(op, {{"the first scalar", &scalars.front()}, {"a scalar", &scalar}});
    expect_shape(op, {"a scalar", &scalar}, {1});
  }
  expect_given(op, {"state", &state});
  expect_mask(op, {"state", &state}, scalars.front(), state.shape());
  check(state.bytes() >= sizeof(StepStatus), "{}: state has {} bytes and needs {}", op,
        state.bytes(), sizeof(StepStatus));
  expect_given(op, {"cursor", &cursor});
  expect_mask(op, {"cursor", &cursor}, scalars.front(), {sizeof(std::int64_t)});
  check(ring.rows != nullptr && ring.count > 0, "{}: the ring has no rows", op);
}

}  // namespace gramgrad
