// The backward pass: shapes of graphs, what is recorded, what is saved and freed, misuse.
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <utility>

#include "autograd/functions.h"
#include "autograd/node.h"
#include "kernels/check.h"
#include "tests/autograd/random_tensor.h"

namespace gramgrad::autograd {
namespace {

using Values = std::vector<double>;

Tensor tensor_of(const Device& device, const Values& values) {
  return Tensor::from_host<double>(device, {static_cast<std::int64_t>(values.size())}, DType::f64,
                                   values);
}

Values gradient(const Variable& x) {
  return x.grad().to_host<double>();
}

// Runs on a thread with a stack of 512 kB, which a recursion of depth 30,000 overflows for certain:
// 17 bytes a call are not enough.
void on_small_stack(std::function<void()> function) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 512 * 1024), 0);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &function), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  ASSERT_EQ(pthread_attr_destroy(&attributes), 0);
}

class Graph : public testing::Test {
 protected:
  Variable leaf(const Values& values) const { return Variable(tensor_of(device_, values), true); }

  const Device device_ = Device::reference();
};

// ---------------------------------------------------------------- shapes of graphs

TEST_F(Graph, Diamond) {
  const Variable x = leaf({2, -3});
  const Variable shared = multiply(x, x);         // x^2
  const Variable left = scale(shared, 3);         // 3 x^2
  const Variable right = multiply(shared, left);  // 3 x^4
  backward(sum(add(right, add(left, shared))));   // 3 x^4 + 4 x^2
  EXPECT_EQ(gradient(x), (Values{12 * 8 + 16, -12 * 27 - 24}));
}

// Each level uses the one before twice: 2^60 paths, 60 visits.
TEST_F(Graph, DiamondOfDiamonds) {
  const Variable x = leaf({1});
  Variable y = x;
  for (int i = 0; i < 60; ++i) {
    y = add(y, y);
  }
  backward(y);
  EXPECT_EQ(gradient(x), (Values{0x1p60}));
}

// A producer is visited after all consumers, whatever the order in which they were built.
TEST_F(Graph, ShortcutPastManyNodes) {
  const Variable x = leaf({1.5});
  const Variable base = scale(x, 2);
  Variable y = base;
  for (int i = 0; i < 10; ++i) {
    y = scale(y, 1);
  }
  backward(add(base, multiply(y, base)));  // 2x + 4x^2
  EXPECT_EQ(gradient(x), (Values{2 + 8 * 1.5}));
  const Variable z = leaf({1.5});
  const Variable other = scale(z, 2);
  Variable w = other;
  for (int i = 0; i < 10; ++i) {
    w = scale(w, 1);
  }
  backward(add(multiply(other, w), other));
  EXPECT_EQ(gradient(z), gradient(x));
}

TEST_F(Graph, OneLeafAsBothOperands) {
  const Variable x = leaf({3, 4});
  backward(sum(subtract(multiply(x, x), x)));
  EXPECT_EQ(gradient(x), (Values{5, 7}));
}

TEST_F(Graph, TheLossIsALeaf) {
  const Variable x = leaf({5});
  backward(x);
  EXPECT_EQ(gradient(x), (Values{1}));
  backward(x);
  EXPECT_EQ(gradient(x), (Values{2}));
}

TEST_F(Graph, GradientsAddUpUntilCleared) {
  Variable x = leaf({1, 2});
  EXPECT_FALSE(x.grad().defined());
  backward(sum(x));
  backward(sum(scale(x, 4)));
  EXPECT_EQ(gradient(x), (Values{5, 5}));
  x.set_grad({});
  backward(sum(x));
  EXPECT_EQ(gradient(x), (Values{1, 1}));
  x.set_grad(tensor_of(device_, {10, 20}));
  backward(sum(x));
  EXPECT_EQ(gradient(x), (Values{11, 21}));
}

// No recursion, neither in the pass nor when the graph dies; walked, or never walked.
TEST_F(Graph, DeepChains) {
  for (const bool walk : {true, false}) {
    const Variable x = leaf({1});
    on_small_stack([&] {
      Variable y = x;
      for (int i = 0; i < 100'000; ++i) {
        y = scale(y, i % 2 == 0 ? 2.0 : 0.5);
      }
      if (walk) {
        backward(y);
      }
    });
    ASSERT_EQ(x.grad().defined(), walk);
    if (walk) {
      EXPECT_EQ(gradient(x), (Values{1}));
    }
  }
}

// Deep and shared: every node of the chain has two consumers.
TEST_F(Graph, DeepLadder) {
  const Variable x = leaf({1});
  on_small_stack([&] {
    Variable a = x;
    Variable b = x;
    for (int i = 0; i < 30'000; ++i) {
      Variable next = weighted_sum(std::array{a, b}, std::array{0.5, 0.5});
      a = std::exchange(b, std::move(next));
    }
    a = Variable();
    backward(b);
  });
  EXPECT_EQ(gradient(x), (Values{1}));
}

// ---------------------------------------------------------------- what is recorded

TEST_F(Graph, NothingIsRecordedWithoutGradients) {
  const Variable x(random_tensor({1, 4, 4, 3}, 1));
  const Variable w(random_tensor({3, 3, 3, 3}, 2));
  const Tensor target = random_tensor({1, 4, 4, 3}, 3);
  const Conv2dResult conv =
      conv2d({.padding = 1, .relu = true, .pool = PoolKind::max}, x, w, Variable(), true);
  const std::vector<Variable> results{add(x, x),
                                      scale(x, 2),
                                      multiply(x, x),
                                      sum(x),
                                      conv.y,
                                      conv.pooled,
                                      relu(x),
                                      pool2d({}, x),
                                      gram(x, 1),
                                      gram_style_loss({}, x, random_tensor({1, 3, 3}, 4)),
                                      channel_statistics(x, 0).mean,
                                      channel_statistics(x, 0).deviation,
                                      content_loss(x, target, 1),
                                      tv_loss({}, x),
                                      range_loss({}, x),
                                      channel_affine({}, x),
                                      resize(ResizeFilter::area, x, 2, 2)};
  for (const Variable& result : results) {
    EXPECT_TRUE(result.defined());
    EXPECT_FALSE(result.requires_grad());
    EXPECT_EQ(result.edge().node, nullptr);
  }
}

TEST_F(Graph, ConstantsAndDetachedValuesGetNoGradient) {
  const Variable x = leaf({2});
  const Variable constant(tensor_of(device_, {3}));
  const Variable detached = multiply(x, x).detached();
  EXPECT_FALSE(detached.requires_grad());
  backward(multiply(multiply(x, constant), detached));  // x * 3 * (4, held)
  EXPECT_EQ(gradient(x), (Values{12}));
  EXPECT_THROW(constant.grad(), Error);
  EXPECT_THROW(detached.grad(), Error);
}

// ---------------------------------------------------------------- memory

// A node that saves a tensor of a kilobyte and notes how much memory is in use when it runs.
Variable saving(const Variable& x, std::vector<std::size_t>& in_use) {
  Tensor y(x.device(), x.shape(), x.value().dtype());
  y.device().ops().copy(x.value(), y);
  return record("saving", std::move(y), {x},
                [&in_use, saved = Tensor(x.device(), {128}, DType::f64)](Backward& step) {
                  in_use.push_back(saved.device().memory().current);
                  step.into(0, [&](Tensor& dx, WriteMode mode) {
                    const double keep = mode == WriteMode::accumulate ? 1.0 : 0.0;
                    dx.device().ops().axpby(1.0, step.dy(), keep, dx);
                  });
                });
}

TEST_F(Graph, WhatWasSavedIsFreedAsThePassGoes) {
  const Variable x = leaf({1});
  const std::size_t before = device_.memory().current;
  std::vector<std::size_t> in_use;
  Variable y = x;
  for (int i = 0; i < 10; ++i) {
    y = saving(y, in_use);
  }
  const std::size_t recorded = device_.memory().current;
  EXPECT_GE(recorded, before + 10 * 1024);
  backward(y);
  ASSERT_EQ(in_use.size(), 10u);
  for (std::size_t i = 1; i < in_use.size(); ++i) {
    EXPECT_LE(in_use[i] + 1024, in_use[i - 1] + 64) << i;  // 64: the gradient on its way
  }
  // Still there: y and the leaf's gradient.
  EXPECT_LE(device_.memory().current, before + 2 * 64);
}

// With frozen weights a convolution saves masks, not maps.
TEST_F(Graph, AFrozenConvolutionSavesMasksOnly) {
  const Device device = Device::reference();
  const auto filled = [&](const Shape& shape) {
    Tensor tensor(device, shape, DType::f64);
    device.ops().fill(tensor, 0.5);
    return tensor;
  };
  const Variable x(filled({1, 16, 16, 8}), true);
  const Variable w(filled({8, 3, 3, 8}));
  const std::size_t before = device.memory().current;
  const auto loss = [&] {
    const Variable h = scale(x, 2);
    const Conv2dParams params{.padding = 1, .relu = true, .pool = PoolKind::max};
    return sum(conv2d(params, h, w, Variable()).pooled);
  }();
  const std::size_t relu_mask = 16 * 16;    // a bit an output, 8 channels
  const std::size_t pool_mask = 8 * 8 * 8;  // a byte a cell
  EXPECT_LE(device.memory().current, before + relu_mask + pool_mask + 64);
  backward(loss);
  EXPECT_LE(device.memory().current, before + x.value().bytes() + 64);  // x.grad and the loss
}

// ---------------------------------------------------------------- misuse

TEST_F(Graph, CannotBeWalkedTwice) {
  const Variable x = leaf({2});
  const Variable shared = multiply(x, x);
  const Variable loss = scale(shared, 3);
  backward(loss);
  EXPECT_EQ(gradient(x), (Values{12}));
  EXPECT_THROW(backward(loss), Error);
  EXPECT_THROW(backward(scale(shared, 5)), Error);  // a new end on an old graph
}

TEST_F(Graph, StartsFromAScalarThatDependsOnALeaf) {
  const Variable x = leaf({1, 2});
  EXPECT_THROW(backward(x), Error);
  EXPECT_THROW(backward(Variable()), Error);
  EXPECT_THROW(backward(Variable(tensor_of(device_, {1}))), Error);
}

TEST_F(Graph, GradientsHaveTheShapeAndTypeOfTheirVariable) {
  Variable x = leaf({1, 2});
  EXPECT_THROW(x.set_grad(tensor_of(device_, {1})), Error);
  EXPECT_THROW(x.set_grad(Tensor(device_, {2}, DType::f32)), Error);
  Variable y = scale(x, 2);
  EXPECT_THROW(y.grad(), Error);
  EXPECT_THROW(y.set_grad(tensor_of(device_, {1, 2})), Error);
}

}  // namespace
}  // namespace gramgrad::autograd
