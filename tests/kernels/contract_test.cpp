// Wrong arguments are refused with an Error that names the operator, on every device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/kernels/devices.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

using testing::HasSubstr;

class Contract : public testing::Test {
 protected:
  // Runs `call` on every device, with a maker of f32 tensors on it.
  template <typename Call>
  void expect_refused(const char* message, Call call) const {
    for (const Device& device : all_devices()) {
      SCOPED_TRACE(device.name());
      const auto make = [&](const Shape& shape) { return Inputs(device, {}).values("x", shape); };
      try {
        call(device.ops(), make, device);
        ADD_FAILURE() << "nothing was thrown; expected: " << message;
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(message));
      }
    }
  }
};

TEST_F(Contract, Shapes) {
  expect_refused("copy: y has the shape [3] and needs [2]",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor y = make({3});
                   ops.copy(make({2}), y);
                 });
  expect_refused("conv2d: y has the shape [1, 4, 4, 2] and needs [1, 2, 2, 2]",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor y = make({1, 4, 4, 2});
                   ops.conv2d({}, make({1, 4, 4, 3}), make({2, 3, 3, 3}), Tensor(), {.y = &y});
                 });
  expect_refused("conv2d: x [1, 4, 4, 3] and w [2, 3, 3, 4] do not fit",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor y = make({1, 2, 2, 2});
                   ops.conv2d({}, make({1, 4, 4, 3}), make({2, 3, 3, 4}), Tensor(), {.y = &y});
                 });
  expect_refused("a map of 1 pixels is smaller than a window of 3",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor y = make({1, 2, 2, 2});
                   ops.conv2d({}, make({1, 1, 4, 3}), make({2, 3, 3, 3}), Tensor(), {.y = &y});
                 });
  expect_refused("gram: g has the shape [1, 3, 4] and needs [1, 3, 3]",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor g = make({1, 3, 4});
                   ops.gram(1, make({1, 2, 2, 3}), g);
                 });
  expect_refused("channel_statistics: deviation has the shape [1, 4] and needs [2, 3]",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor mean = make({2, 3}), deviation = make({1, 4});
                   ops.channel_statistics(0, make({2, 2, 2, 3}), mean, deviation);
                 });
  expect_refused("channel_statistics_backward: dmean has the shape [3] and needs [1, 3]",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor dx = make({1, 2, 2, 3});
                   const Tensor dmean = make({3});
                   ops.channel_statistics_backward({.dmean = &dmean}, make({1, 2, 2, 3}),
                                                   make({1, 3}), make({1, 3}), dx,
                                                   WriteMode::assign);
                 });
  expect_refused("channel_affine: x has the shape [1, 2, 2, 4] and needs 3 channels",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor y = make({1, 2, 2, 4});
                   ops.channel_affine({}, make({1, 2, 2, 4}), y);
                 });
  expect_refused("resize: x [1, 2, 2, 3] and y [1, 2, 2, 4] do not fit",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor y = make({1, 2, 2, 4});
                   ops.resize(ResizeFilter::area, make({1, 2, 2, 3}), y);
                 });
  expect_refused("sum: out has the shape [2] and needs [1]",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor out = make({2});
                   ops.sum(make({5}), out);
                 });
}

TEST_F(Contract, WhatIsWanted) {
  expect_refused("conv2d: neither y nor pooled is wanted",
                 [](const Ops& ops, auto make, const Device&) {
                   ops.conv2d({}, make({1, 4, 4, 3}), make({2, 3, 3, 3}), Tensor(), {});
                 });
  expect_refused("conv2d: pooled is wanted and params.pool is none", [](const Ops& ops, auto make,
                                                                        const Device&) {
    Tensor pooled = make({1, 1, 1, 2});
    ops.conv2d({}, make({1, 4, 4, 3}), make({2, 3, 3, 3}), Tensor(), {.pooled = &pooled});
  });
  expect_refused("conv2d_backward_input: relu_mask must be given with params.relu",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor dx = make({1, 4, 4, 3});
                   const Tensor dy = make({1, 2, 2, 2});
                   ops.conv2d_backward_input({.relu = true}, {.dy = &dy}, make({2, 3, 3, 3}), dx,
                                             WriteMode::assign);
                 });
  expect_refused("pool2d_backward: a mask must be given for max pooling",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor dx = make({1, 4, 4, 3});
                   ops.pool2d_backward({.kind = PoolKind::max}, make({1, 2, 2, 3}), nullptr, dx,
                                       WriteMode::assign);
                 });
}

TEST_F(Contract, ChannelStatistics) {
  expect_refused("channel_statistics: x [1, 0, 2, 3] has no pixels",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor mean = make({1, 3}), deviation = make({1, 3});
                   ops.channel_statistics(0, make({1, 0, 2, 3}), mean, deviation);
                 });
  for (const double epsilon : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    expect_refused("and must not be negative", [=](const Ops& ops, auto make, const Device&) {
      Tensor mean = make({1, 3}), deviation = make({1, 3});
      ops.channel_statistics(epsilon, make({1, 2, 2, 3}), mean, deviation);
    });
  }
  expect_refused("channel_statistics_backward: neither dmean nor ddeviation is given",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor dx = make({1, 2, 2, 3});
                   ops.channel_statistics_backward({}, make({1, 2, 2, 3}), make({1, 3}),
                                                   make({1, 3}), dx, WriteMode::assign);
                 });
  expect_refused("channel_statistics_backward: dx and ddeviation share memory",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor dx = make({1, 1, 1, 3});
                   const Tensor ddeviation = dx.reshaped({1, 3});
                   ops.channel_statistics_backward({.ddeviation = &ddeviation}, make({1, 1, 1, 3}),
                                                   make({1, 3}), make({1, 3}), dx,
                                                   WriteMode::assign);
                 });
}

TEST_F(Contract, TypesAndPlaces) {
  expect_refused("relu: mask is f32 and must be u8", [](const Ops& ops, auto make, const Device&) {
    Tensor y = make({1, 1, 1, 8});
    Tensor mask = make({1, 1, 1, 1});
    ops.relu(make({1, 1, 1, 8}), y, &mask);
  });
  expect_refused("dot: y lives on", [](const Ops& ops, auto make, const Device&) {
    Tensor out = make({1});
    const Device elsewhere = Device::reference();
    ops.dot(make({2}), Inputs(elsewhere, {}).values("y", {2}), out);
  });
  expect_refused("multiply: z and x share memory", [](const Ops& ops, auto make, const Device&) {
    Tensor x = make({2});
    ops.multiply(x, make({2}), x, WriteMode::assign);
  });
  expect_refused("fill: x is missing", [](const Ops& ops, auto, const Device&) {
    Tensor x;
    ops.fill(x, 1);
  });
  expect_refused("sum: x is u8 and must be floating-point",
                 [](const Ops& ops, auto make, const Device& device) {
                   Tensor out = make({1});
                   ops.sum(Tensor(device, {4}, DType::u8), out);
                 });
}

TEST_F(Contract, Parameters) {
  expect_refused("clamp: low 1 is above high 0", [](const Ops& ops, auto make, const Device&) {
    Tensor x = make({2});
    ops.clamp(x, 1, 0);
  });
  expect_refused("adam_step: state has the shape [2] and needs [40]",
                 [](const Ops& ops, auto make, const Device& device) {
                   Tensor m = make({2}), v = make({2}), x = make({2});
                   Tensor state = zero_state(device, 2);
                   ops.adam_step({}, {}, make({1}), make({2}), m, v, state, x);
                 });
  expect_refused("sgd_step: v must be given where the momentum is not 0, and only then",
                 [](const Ops& ops, auto make, const Device& device) {
                   Tensor v, x = make({2});
                   Tensor state = zero_state(device, sizeof(SgdState));
                   ops.sgd_step({.momentum = 0.5}, {}, make({1}), make({2}), v, state, x);
                 });
  expect_refused(
      "sgd_step: low 1 is above high 0", [](const Ops& ops, auto make, const Device& device) {
        Tensor v, x = make({2});
        Tensor state = zero_state(device, sizeof(SgdState));
        ops.sgd_step({.momentum = 0}, {.low = 1, .high = 0}, make({1}), make({2}), v, state, x);
      });
  expect_refused("lbfgs_step: the step limit 0 must be above 0",
                 [](const Ops& ops, auto make, const Device& device) {
                   Tensor s = make({2, 2}), y = make({2, 2}), x = make({2});
                   Tensor state = zero_state(device, lbfgs_state_bytes(2));
                   ops.lbfgs_step({.step_limit = 0}, {}, make({1}), make({2}), s, y, state, x);
                 });
  expect_refused("lbfgs_step: a ring of 1 slots",
                 [](const Ops& ops, auto make, const Device& device) {
                   Tensor s = make({1, 2}), y = make({1, 2}), x = make({2});
                   Tensor state = zero_state(device, lbfgs_state_bytes(1));
                   ops.lbfgs_step({}, {}, make({1}), make({2}), s, y, state, x);
                 });
  expect_refused("channel_affine: there is no source channel 3",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor y = make({1, 2, 2, 3});
                   ops.channel_affine({.source = {0, 1, 3}}, make({1, 2, 2, 3}), y);
                 });
  expect_refused("pool2d: a window of 17 is too large",
                 [](const Ops& ops, auto make, const Device&) {
                   Tensor y = make({1, 1, 1, 1});
                   ops.pool2d({.window = 17}, make({1, 17, 17, 1}), y, nullptr);
                 });
}

}  // namespace
}  // namespace gramgrad::tests
