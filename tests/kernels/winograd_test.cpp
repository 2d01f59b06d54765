// Winograd's convolution on every instruction set that the processor has: the sizes and operands
// that its tiles make special, masks, threads, and that it takes no memory after the first call.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/agreement.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

// What issue and documentation promise: relative L2 error of each result.
constexpr double allowed_l2 = 3e-6;

std::vector<Conv2dSize> sizes_of_winograd() {
  constexpr PoolKind max = PoolKind::max;
  constexpr PoolKind average = PoolKind::average;
  const auto size = [](int batch, int height, int width, int in, int out, int padding) {
    return Conv2dSize{.batch = batch,
                      .height = height,
                      .width = width,
                      .in = in,
                      .out = out,
                      .kernel = 3,
                      .padding = padding};
  };
  const auto relu = [](Conv2dSize s, PoolKind pool = PoolKind::none, bool full = true) {
    s.relu = true;
    s.pool = pool;
    s.full = full;
    return s;
  };
  const auto pooled = [](Conv2dSize s, PoolKind pool, bool full) {
    s.pool = pool;
    s.full = full;
    return s;
  };
  return {
      size(1, 1, 1, 16, 16, 1),
      size(1, 1, 11, 17, 33, 1),
      size(2, 9, 1, 35, 16, 1),
      relu(size(3, 6, 5, 31, 19, 1)),
      relu(size(2, 7, 10, 24, 40, 1), max),
      relu(size(1, 13, 9, 33, 17, 1), max, false),
      relu(size(1, 11, 14, 16, 21, 1), average, false),
      relu(size(2, 5, 3, 20, 18, 1), average),
      pooled(size(1, 7, 6, 18, 20, 1), max, false),
      pooled(size(1, 6, 7, 18, 20, 1), average, true),
      size(1, 3, 3, 16, 16, 0),
      relu(size(1, 8, 12, 19, 23, 0), max, false),
      size(1, 4, 6, 16, 18, 2),
      relu(size(1, 5, 2, 17, 16, 3), max),
      relu(size(1, 40, 44, 64, 64, 1), max, false),
      relu(size(1, 21, 18, 256, 512, 1)),
      relu(size(1, 10, 9, 512, 512, 1), max, false),
      relu(size(1, 9, 6, 173, 269, 1)),  // large weights that fill no whole panel, either way
  };
}

// The sizes, the frozen and the other weights in turn, forward and backward.
std::vector<OperatorCase> winograd_cases() {
  std::vector<OperatorCase> cases;
  bool frozen = false;
  for (Conv2dSize size : sizes_of_winograd()) {
    size.frozen = frozen = !frozen;
    cases.push_back(conv2d_case(size));
    cases.push_back(conv2d_backward_input_case(size));
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

class WinogradCaseTest : public testing::TestWithParam<std::size_t> {
 protected:
  const OperatorCase& operator_case() const { return cases()[GetParam()]; }

 public:
  static const std::vector<OperatorCase>& cases() {
    static const std::vector<OperatorCase> made = winograd_cases();
    return made;
  }
};

TEST_P(WinogradCaseTest, IsAccurate) {
  for (const WriteMode mode : {WriteMode::assign, WriteMode::accumulate}) {
    const auto exact = results_of(operator_case(), Device::reference(),
                                  {.dtype = DType::f64, .seed = test_seed(), .mode = mode});
    for_each_instruction_set([&] {
      const auto actual =
          results_of(operator_case(), Device::cpu(2), {.seed = test_seed(), .mode = mode});
      for (std::size_t i = 0; i < actual.size(); ++i) {
        if (actual[i].tensor.dtype() == DType::f32 && actual[i].tensor.size() > 0) {
          const double error =
              relative_l2(actual[i].tensor.to_host<double>(), exact[i].tensor.to_host<double>());
          EXPECT_LE(error, allowed_l2) << actual[i].name;
        }
      }
    });
  }
}

TEST_P(WinogradCaseTest, IsBitIdenticalWhateverTheThreads) {
  const Inputs::Options options{.seed = test_seed()};
  const auto one = results_of(operator_case(), Device::cpu(1), options);
  for (const int threads : {2, 3, 11}) {
    const auto several = results_of(operator_case(), Device::cpu(threads), options);
    for (std::size_t i = 0; i < one.size(); ++i) {
      const bool bytes = one[i].tensor.dtype() == DType::u8;
      EXPECT_TRUE(bytes ? one[i].tensor.to_host<std::uint8_t>() ==
                              several[i].tensor.to_host<std::uint8_t>()
                        : one[i].tensor.to_host<float>() == several[i].tensor.to_host<float>())
          << one[i].name << " with " << threads << " threads";
    }
  }
}

std::string winograd_case_name(const testing::TestParamInfo<std::size_t>& info) {
  return WinogradCaseTest::cases()[info.param].name;
}
INSTANTIATE_TEST_SUITE_P(Sizes, WinogradCaseTest,
                         testing::Range<std::size_t>(0, WinogradCaseTest::cases().size()),
                         winograd_case_name);

// ---------------------------------------------------------------- masks

// Masks agree with the map that was stored beside them, bit by bit.
TEST(WinogradMasks, TellWhatHappened) {
  constexpr int channels = 37;
  const Conv2dParams params{.padding = 1, .relu = true, .pool = PoolKind::max};
  const Shape x_shape{2, 9, 7, 19};
  const Shape w_shape{channels, 3, 3, 19};
  for_each_instruction_set([&] {
    const Device device = Device::cpu(2);
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

// ---------------------------------------------------------------- memory

#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_is_cached = false;
#else
constexpr bool memory_is_cached = true;
#endif

TEST(WinogradMemory, IsTakenOnceOnly) {
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
    const Device device = Device::cpu(2);
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
