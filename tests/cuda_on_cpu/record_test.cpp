// A step recorded as launches with fixed addresses, and replayed: what Device::record() promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "kernels/scalar_ring.h"
#include "tests/cuda_on_cpu/runner.h"
#include "tests/kernels/cases.h"

namespace gramgrad::tests {
namespace {

using testing::Each;

class Record : public testing::Test {
 protected:
  Tensor ones(std::int64_t size) const {
    Tensor x(device_, {size}, DType::f32);
    device_.ops().fill(x, 1);
    return x;
  }

  Device device_ = Device::cuda();
};

TEST_F(Record, RepeatsTheStep) {
  Tensor x = ones(5);
  int runs = 0;
  const auto step = device_.record([&] {
    ++runs;
    Tensor doubled(device_, {5}, DType::f32);
    device_.ops().axpby(2, x, 0, doubled);
    device_.ops().copy(doubled, x);
  });
  for (int i = 1; i <= 6; ++i) {
    step();
    EXPECT_THAT(x.to_host<float>(), Each(static_cast<float>(1 << i)));
  }
  EXPECT_EQ(runs, 3);  // twice plainly, once for the record
}

// Between replays, memory that only the recorded step uses is nobody else's.
TEST_F(Record, KeepsItsMemory) {
  Tensor x = ones(1000);
  const auto step = device_.record([&] {
    Tensor zeros(device_, {1000}, DType::f32);
    device_.ops().fill(zeros, 0);
    device_.ops().axpby(1, zeros, 1, x);
  });
  for (int i = 0; i < 3; ++i) {
    step();
  }
  const std::array others{ones(1000), ones(1000), ones(1000)};
  step();
  for (const Tensor& other : others) {
    EXPECT_THAT(other.to_host<float>(), Each(1));
  }
  EXPECT_THAT(x.to_host<float>(), Each(1));
}

TEST_F(Record, RefusesAStepThatWaits) {
  const Tensor x = ones(1);
  const auto step = device_.record([&] { x.item(); });
  step();
  step();
  EXPECT_THROW(step(), Error);
  EXPECT_EQ(x.item(), 1);  // nothing is being recorded any more
  EXPECT_THROW(step(), Error);
}

// Adam's number of steps is counted on the device: a replay is another step, not the same again.
TEST_F(Record, CountsStepsOnTheDevice) {
  const auto trajectory = [&](bool recorded) {
    Tensor x = ones(3), m(device_, {3}, DType::f32), v(device_, {3}, DType::f32);
    device_.ops().fill(m, 0);
    device_.ops().fill(v, 0);
    Tensor state = zero_state(device_, sizeof(AdamState));
    const Tensor loss = ones(1), g = ones(3);
    ScalarRing ring(device_, 8);
    const std::function<void()> once = [&] {
      device_.ops().adam_step({}, {}, loss, g, m, v, state, x);
      Tensor sum(device_, {1}, DType::f32);
      device_.ops().sum(x, sum);
      ring.append(std::array{sum}, state);
    };
    const std::function<void()> step = recorded ? device_.record(once) : once;
    std::vector<double> sums;
    for (int i = 0; i < 12; ++i) {
      step();
      if (i % 6 == 5) {
        for (const ScalarRing::Row& row : ring.take(1)) {
          sums.push_back(row.scalars[0]);
          EXPECT_EQ(row.stop, StopReason::none);
        }
      }
    }
    return sums;
  };
  const std::vector<double> expected = trajectory(false);
  EXPECT_EQ(expected.size(), 12U);
  EXPECT_EQ(trajectory(true), expected);
}

TEST_F(Record, RingSaysThatItWasReadTooLate) {
  ScalarRing ring(device_, 2);
  const Tensor state = zero_state(device_, sizeof(SgdState));
  for (int i = 0; i < 3; ++i) {
    ring.append(std::array{ones(1)}, state);
  }
  EXPECT_THROW(ring.take(1), Error);
}

}  // namespace
}  // namespace gramgrad::tests
