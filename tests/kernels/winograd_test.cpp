// Winograd's convolution on every instruction set that the processor has: the sizes and operands
// that its tiles make special, masks, threads, and that it takes no memory after the first call.
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "kernels/cpu/panels.h"
#include "tests/kernels/agreement.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/random_tensors.h"
#include "tests/kernels/winograd_rounding.h"
#include "tests/kernels/winograd_sizes.h"

namespace gramgrad::tests {
namespace {

// What issue and documentation promise: relative L2 error of each result in f32.
constexpr double allowed_l2 = 3e-6;

struct WinogradCase {
  Conv2dSize size;
  OperatorCase run;
  bool gradient;
};

// The sizes, the frozen and the other weights in turn, forward and backward.
std::vector<WinogradCase> winograd_cases() {
  std::vector<WinogradCase> cases;
  bool frozen = false;
  for (Conv2dSize size : winograd_sizes()) {
    size.frozen = frozen = !frozen;
    cases.push_back({size, conv2d_case(size), false});
    cases.push_back({size, conv2d_backward_input_case(size), true});
  }
  return cases;
}

double relative_l2(const std::vector<double>& actual, const std::vector<double>& expected) {
  double error = 0;
  double norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    norm += expected[i] * expected[i];
  }
  return norm > 0 ? std::sqrt(error / norm) : std::sqrt(error);
}

// What a device multiplies in; skips the tests where the processor cannot.
std::string name_of(Math math) {
  return math == Math::f32 ? "f32" : math == Math::mixed ? "mixed" : "bf16";
}
void skip_unless_multiplied(Math math) {
  if (math != Math::f32 && !cpu::multiplies_bf16()) {
    GTEST_SKIP() << "this processor has no instructions that multiply bf16 numbers";
  }
}

class WinogradCaseTest : public testing::TestWithParam<std::tuple<std::size_t, Math>> {
 protected:
  void SetUp() override { skip_unless_multiplied(math()); }
  const WinogradCase& winograd_case() const { return cases()[std::get<0>(GetParam())]; }
  static Math math() { return std::get<1>(GetParam()); }

  bool rounds() const {
    return math() == Math::bf16 || (math() == Math::mixed && winograd_case().gradient);
  }
  double allowed(const Tensor& result) const {
    const WinogradCase& c = winograd_case();
    return rounds() ? allowed_bf16_l2(c.size, c.gradient, result.size()) : allowed_l2;
  }

 public:
  static const std::vector<WinogradCase>& cases() {
    static const std::vector<WinogradCase> made = winograd_cases();
    return made;
  }
};

TEST_P(WinogradCaseTest, IsAccurate) {
  const OperatorCase& run = winograd_case().run;
  for (const WriteMode mode : {WriteMode::assign, WriteMode::accumulate}) {
    const auto exact = results_of(run, Device::reference(),
                                  {.dtype = DType::f64, .seed = test_seed(), .mode = mode});
    for_each_instruction_set([&] {
      const auto actual =
          results_of(run, Device::cpu(2, math()), {.seed = test_seed(), .mode = mode});
      for (std::size_t i = 0; i < actual.size(); ++i) {
        if (actual[i].tensor.dtype() == DType::f32 && actual[i].tensor.size() > 0) {
          const double error =
              relative_l2(actual[i].tensor.to_host<double>(), exact[i].tensor.to_host<double>());
          EXPECT_LE(error, allowed(actual[i].tensor)) << actual[i].name;
          EXPECT_TRUE(error > allowed_l2 || !rounds()) << actual[i].name << " was not rounded";
        }
      }
    });
  }
}

TEST_P(WinogradCaseTest, IsBitIdenticalWhateverTheThreads) {
  const OperatorCase& run = winograd_case().run;
  const Inputs::Options options{.seed = test_seed()};
  const auto one = results_of(run, Device::cpu(1, math()), options);
  for (const int threads : {2, 3, 11}) {
    const auto several = results_of(run, Device::cpu(threads, math()), options);
    for (std::size_t i = 0; i < one.size(); ++i) {
      const bool bytes = one[i].tensor.dtype() == DType::u8;
      EXPECT_TRUE(bytes ? one[i].tensor.to_host<std::uint8_t>() ==
                              several[i].tensor.to_host<std::uint8_t>()
                        : one[i].tensor.to_host<float>() == several[i].tensor.to_host<float>())
          << one[i].name << " with " << threads << " threads";
    }
  }
}

std::string winograd_case_name(const testing::TestParamInfo<WinogradCaseTest::ParamType>& info) {
  return WinogradCaseTest::cases()[std::get<0>(info.param)].run.name + "_" +
         name_of(std::get<1>(info.param));
}
INSTANTIATE_TEST_SUITE_P(
    Sizes, WinogradCaseTest,
    testing::Combine(testing::Range<std::size_t>(0, WinogradCaseTest::cases().size()),
                     testing::Values(Math::f32, Math::mixed, Math::bf16)),
    winograd_case_name);

class WinogradMath : public testing::TestWithParam<Math> {
 protected:
  void SetUp() override { skip_unless_multiplied(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Maths, WinogradMath, testing::Values(Math::f32, Math::mixed, Math::bf16),
                         [](const auto& math) { return name_of(math.param); });

// ---------------------------------------------------------------- masks

// Masks agree with the map that was stored beside them, bit by bit.
TEST_P(WinogradMath, MasksTellWhatHappened) {
  constexpr int channels = 37;
  const Conv2dParams params{.padding = 1, .relu = true, .pool = PoolKind::max};
  const Shape x_shape{2, 9, 7, 19};
  const Shape w_shape{channels, 3, 3, 19};
  for_each_instruction_set([&] {
    const Device device = Device::cpu(2, GetParam());
    const Inputs inputs(device, {.seed = test_seed()});
    const Shape full = conv2d_output_shape(params, x_shape, w_shape);
    Tensor y = inputs.assigned(full);
    Tensor pooled = inputs.assigned(conv2d_pooled_shape(params, x_shape, w_shape));
    Tensor relu_mask = inputs.assigned_bytes(relu_mask_shape(full));
    Tensor pool_mask = inputs.assigned_bytes(pooled.shape());
    device.ops().conv2d(
        params, inputs.values("x", x_shape), inputs.values("w", w_shape),
        inputs.values("bias", {channels}),
        {.y = &y, .pooled = &pooled, .relu_mask = &relu_mask, .pool_mask = &pool_mask});
    // What the unfused operators make of the same map.
    Tensor same = inputs.assigned(full);
    Tensor expected_mask = inputs.assigned_bytes(relu_mask.shape());
    Tensor expected_pooled = inputs.assigned(pooled.shape());
    Tensor expected_winners = inputs.assigned_bytes(pooled.shape());
    device.ops().relu(y, same, &expected_mask);
    device.ops().pool2d({.kind = PoolKind::max}, y, expected_pooled, &expected_winners);
    EXPECT_EQ(relu_mask.to_host<std::uint8_t>(), expected_mask.to_host<std::uint8_t>());
    EXPECT_EQ(pool_mask.to_host<std::uint8_t>(), expected_winners.to_host<std::uint8_t>());
    EXPECT_EQ(pooled.to_host<float>(), expected_pooled.to_host<float>());
  });
}

// ---------------------------------------------------------------- packed weights

// Tiles, and so packed weights, depend on the size of the map: those that are kept for one do not
// serve another.
TEST_P(WinogradMath, FrozenWeightsSuitMapsOfEverySize) {
  const Device device = Device::cpu(2, GetParam());
  const Inputs inputs(device, {.seed = test_seed()});
  const Tensor w = inputs.values("w", {20, 3, 3, 16});
  const auto convolved = [&](std::int64_t side, bool frozen) {
    const Conv2dParams params{.padding = 1, .frozen_weights = frozen};
    const Tensor x = inputs.values("x", {1, side, side, 16});
    Tensor y = inputs.assigned({1, side, side, 20});
    device.ops().conv2d(params, x, w, {}, {.y = &y});
    return y.to_host<float>();
  };
  for (const std::int64_t side : {12, 5, 12, 5}) {
    EXPECT_EQ(convolved(side, true), convolved(side, false)) << side << " pixels";
  }
}

// ---------------------------------------------------------------- memory

#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_is_cached = false;
#else
constexpr bool memory_is_cached = true;
#endif

TEST_P(WinogradMath, MemoryIsTakenOnceOnly) {
  if (!memory_is_cached) {
    GTEST_SKIP() << "AddressSanitizer sees every allocation";
  }
  for (const bool frozen : {false, true}) {
    const Conv2dSize size{.batch = 1,
                          .height = 20,
                          .width = 28,
                          .in = 48,
                          .out = 80,
                          .kernel = 3,
                          .padding = 1,
                          .frozen = frozen};
    const Device device = Device::cpu(2, GetParam());
    const Inputs inputs(device, {.seed = test_seed()});
    const Prepared forward = conv2d_case(size).prepare(inputs);
    const Prepared backward = conv2d_backward_input_case(size).prepare(inputs);
    forward.run();
    backward.run();
    const std::size_t before = device.memory().allocations;
    forward.run();
    backward.run();
    EXPECT_EQ(device.memory().allocations, before) << (frozen ? "frozen" : "not frozen");
  }
}

}  // namespace
}  // namespace gramgrad::tests
