// Results do not depend on the order in which blocks and threads run, bit by bit. (That they are
// right is tested with all other devices' results.)
#include <gtest/gtest.h>

#include <bit>

#include "tests/cuda_on_cpu/runner.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

using cuda_on_cpu::Order;

class OrderTest : public testing::TestWithParam<std::size_t> {};

std::vector<Result> results_of(const OperatorCase& operator_case, Order order, WriteMode mode) {
  cuda_on_cpu::configure({.order = order, .seed = test_seed()});
  const Prepared prepared =
      operator_case.prepare(Inputs(Device::cuda(), {.seed = test_seed(), .mode = mode}));
  prepared.run();
  cuda_on_cpu::configure({});
  return prepared.results;
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

TEST_P(OrderTest, changes_no_bit) {
  const OperatorCase& operator_case = operator_cases()[GetParam()];
  for (const WriteMode mode : {WriteMode::assign, WriteMode::accumulate}) {
    if (mode == WriteMode::accumulate && !operator_case.accumulates) {
      continue;
    }
    const auto forward = results_of(operator_case, Order::forward, mode);
    for (const Order order : {Order::reverse, Order::random}) {
      const auto other = results_of(operator_case, order, mode);
      for (std::size_t i = 0; i < forward.size(); ++i) {
        EXPECT_EQ(bits_of(forward[i].tensor), bits_of(other[i].tensor))
            << forward[i].name << (order == Order::reverse ? ", reverse" : ", random") << ", seed "
            << test_seed();
      }
    }
  }
}

std::string case_name(const testing::TestParamInfo<std::size_t>& info) {
  return operator_cases()[info.param].name;
}

INSTANTIATE_TEST_SUITE_P(Ops, OrderTest, testing::Range<std::size_t>(0, operator_cases().size()),
                         case_name);

}  // namespace
}  // namespace gramgrad::tests
