// Results do not depend on the order in which blocks and threads run, bit by bit. (That they are
// right is tested with all other devices' results.)
#include <gtest/gtest.h>

#include <bit>

#include "tests/cuda_on_cpu/runner.h"
#include "tests/kernels/agreement.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

using cuda_on_cpu::Order;

class OrderTest : public testing::TestWithParam<std::size_t> {};

std::vector<Result> results_in(Order order, const OperatorCase& operator_case, Math math,
                               DType dtype, WriteMode mode) {
  cuda_on_cpu::configure({.order = order, .seed = test_seed()});
  std::vector<Result> results = results_of(operator_case, Device::cuda(0, math),
                                           {.dtype = dtype, .seed = test_seed(), .mode = mode});
  cuda_on_cpu::configure({});
  return results;
}

// Bits, so that NaN and signs of zero count.
std::vector<std::uint32_t> bits_of(const Tensor& tensor) {
  std::vector<std::uint32_t> bits;
  if (tensor.dtype() == DType::u8) {
    for (const std::uint8_t byte : tensor.to_host<std::uint8_t>()) {
      bits.push_back(byte);
    }
  } else {
    for (const float value : tensor.to_host<float>()) {
      bits.push_back(std::bit_cast<std::uint32_t>(value));
    }
  }
  return bits;
}

void expect_same_bits(const OperatorCase& operator_case, Math math, DType dtype = DType::f32) {
  for (const WriteMode mode : {WriteMode::assign, WriteMode::accumulate}) {
    if (mode == WriteMode::accumulate && !operator_case.accumulates) {
      continue;
    }
    const auto forward = results_in(Order::forward, operator_case, math, dtype, mode);
    for (const Order order : {Order::reverse, Order::random}) {
      const auto other = results_in(order, operator_case, math, dtype, mode);
      for (std::size_t i = 0; i < forward.size(); ++i) {
        EXPECT_EQ(bits_of(forward[i].tensor), bits_of(other[i].tensor))
            << operator_case.name << ": " << forward[i].name
            << (order == Order::reverse ? ", reverse" : ", random") << ", seed " << test_seed();
      }
    }
  }
}

TEST_P(OrderTest, changes_no_bit) {
  expect_same_bits(operator_cases()[GetParam()], Math::f32);
}

TEST_P(OrderTest, changes_no_bit_in_bf16) {
  if (operator_cases()[GetParam()].takes_bf16) {
    expect_same_bits(operator_cases()[GetParam()], Math::f32, DType::bf16);
  }
}

TEST(OrderOnTensorCores, changes_no_bit) {
  for (const Shape& f : {Shape{1, 9, 31, 68}, Shape{2, 5, 13, 33}}) {
    for (const OperatorCase& each :
         {gram_case(f), gram_backward_case(f), gram_style_loss_case(f, true)}) {
      expect_same_bits(each, Math::tf32);
      expect_same_bits(each, Math::tf32, DType::bf16);
    }
  }
}

std::string order_case_name(const testing::TestParamInfo<std::size_t>& info) {
  return operator_cases()[info.param].name;
}

INSTANTIATE_TEST_SUITE_P(Ops, OrderTest, testing::Range<std::size_t>(0, operator_cases().size()),
                         order_case_name);

}  // namespace
}  // namespace gramgrad::tests
