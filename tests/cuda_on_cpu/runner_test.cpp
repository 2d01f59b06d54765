// What the runner does with kernels that are right, and what it says of those that are not.
#include "tests/cuda_on_cpu/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <vector>

#include "kernels/cuda/device.cuh"
#include "tests/cuda_on_cpu/runner_fixture.h"
#include "tests/cuda_on_cpu/shared_memory.h"

namespace gramgrad::cuda_on_cpu {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// What CUDA threads write down. Locked, because that is all that makes it no race between them.
class Log {
 public:
  void add(unsigned number) {
    const std::lock_guard lock(mutex_);
    numbers_.push_back(number);
  }
  const std::vector<unsigned>& numbers() const { return numbers_; }

 private:
  std::mutex mutex_;
  std::vector<unsigned> numbers_;
};

std::vector<unsigned> order_of_blocks(const Settings& settings) {
  configure(settings);
  Log log;
  run_grid({2, 2, 1}, {1, 1, 1}, [&] { log.add(blockIdx.x + 10 * blockIdx.y); });
  return log.numbers();
}

std::vector<unsigned> order_of_threads(const Settings& settings) {
  configure(settings);
  Log log;
  run_grid({1, 1, 1}, {64, 1, 1}, [&] { log.add(threadIdx.x); });
  return log.numbers();
}

TEST_F(RunnerTest, takes_blocks_forward_and_reverse) {
  EXPECT_THAT(order_of_blocks({Order::forward}), ElementsAre(0, 1, 10, 11));
  EXPECT_THAT(order_of_blocks({Order::reverse}), ElementsAre(11, 10, 1, 0));
}

TEST_F(RunnerTest, takes_threads_in_a_random_order_that_the_seed_decides) {
  const auto order = order_of_threads({Order::random, 7});
  EXPECT_EQ(order, order_of_threads({Order::random, 7}));
  EXPECT_NE(order, order_of_threads({Order::random, 8}));
  EXPECT_NE(order, order_of_threads({Order::forward}));
  EXPECT_EQ(order.size(), 64U);
}

TEST_F(RunnerTest, numbers_threads_in_three_dimensions) {
  Log log;
  run_grid({1, 1, 1}, {2, 3, 2},
           [&] { log.add(threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z); });
  EXPECT_THAT(log.numbers(), ElementsAre(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121));
}

TEST_F(RunnerTest, holds_every_thread_at_a_barrier) {
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    configure({order});
    std::atomic<int> before = 0;
    run_grid({1, 1, 1}, {97, 1, 1}, [&] {
      ++before;
      __syncthreads();
      EXPECT_EQ(before, 97);
    });
  }
}

TEST_F(RunnerTest, does_not_wait_at_a_barrier_for_threads_that_have_ended) {
  std::atomic<int> after = 0;
  run_grid({1, 1, 1}, {40, 1, 1}, [&] {
    if (threadIdx.x % 2 == 0) {
      return;
    }
    __syncthreads();
    ++after;
  });
  EXPECT_EQ(after, 20);
}

TEST_F(RunnerTest, shuffles_and_votes_as_a_gpu_does) {
  run_grid({1, 1, 1}, {64, 1, 1}, [] {
    const unsigned lane = threadIdx.x % 32;
    const auto value = static_cast<float>(threadIdx.x);
    EXPECT_EQ(__shfl_down_sync(all_lanes, value, 5), lane + 5 < 32 ? value + 5 : value);
    EXPECT_EQ(__shfl_xor_sync(all_lanes, threadIdx.x, 3U), threadIdx.x ^ 3U);
    EXPECT_EQ(__ballot_sync(all_lanes, lane % 3 == 0), 0x49249249U);
    if (lane < 4) {
      EXPECT_EQ(__ballot_sync(0xfU, lane != 2), 0xbU);
    }
  });
}

struct OtherNumbers {
  float values[8];
};

TEST_F(RunnerTest, gives_each_block_its_own_poisoned_shared_memory) {
  run_grid({3, 1, 1}, {8, 1, 1}, [] {
    float& mine = cuda::shared_memory<Numbers>().values[threadIdx.x];
    EXPECT_TRUE(std::isnan(mine));
    mine = static_cast<float>(threadIdx.x);
    __syncthreads();
    EXPECT_EQ(cuda::shared_memory<Numbers>().values[7 - threadIdx.x],
              static_cast<float>(7 - threadIdx.x));
    EXPECT_TRUE(std::isnan(cuda::shared_memory<OtherNumbers>().values[threadIdx.x]));
  });
}

TEST_F(RunnerTest, names_a_barrier_that_some_threads_miss) {
  const auto kernel = [] {
    if (threadIdx.x < 32) {
      __syncthreads();
    } else {
      __syncthreads();
    }
  };
  EXPECT_THAT(error_of(64, kernel), AllOf(HasSubstr("__syncthreads (runner_test.cpp:"),
                                          HasSubstr("divergent: other threads wait at")));
}

TEST_F(RunnerTest, names_a_deadlock_and_who_waits_where) {
  EXPECT_THAT(error_of(64,
                       [] {
                         if (threadIdx.x == 40) {
                           __syncthreads();
                         } else {
                           __syncwarp();
                         }
                       }),
              AllOf(HasSubstr("deadlock in block (0, 0, 0): thread 32 waits in __syncwarp "
                              "(runner_test.cpp:"),
                    HasSubstr("32 of 64 threads wait, 32 have ended")));
}

TEST_F(RunnerTest, names_wrong_masks) {
  EXPECT_THAT(error_of(32, [] { __syncwarp(1); }), HasSubstr("leaves out the calling lane"));
  EXPECT_THAT(error_of(16, [] { __syncwarp(); }), HasSubstr("a lane that does not exist"));
  EXPECT_THAT(error_of(32, [] { __shfl_xor_sync(1U << threadIdx.x, 1, 1); }),
              HasSubstr("reads a lane that is not in the mask"));
  EXPECT_THAT(error_of(3, [] { __syncwarp(threadIdx.x == 0 ? 3 : 7); }),
              HasSubstr("lanes came with different masks"));
  EXPECT_THAT(error_of(32,
                       [] {
                         if (threadIdx.x > 3) {
                           __syncwarp();
                         }
                       }),
              HasSubstr("a lane that has ended"));
}

struct TooLarge {
  char bytes[SharedMemory::limit + 1];
};

TEST_F(RunnerTest, refuses_what_no_gpu_can_run) {
  EXPECT_THAT(error_of(1, [] { cuda::shared_memory<TooLarge>(); }), HasSubstr("49152 bytes"));
  EXPECT_THAT(error_of(1025, [] {}), HasSubstr("a block of 1025 x 1 x 1 is not possible"));
  EXPECT_THROW(run_grid({0, 1, 1}, {1, 1, 1}, [] {}), KernelError);
  EXPECT_THROW(run_grid({1, 65536, 1}, {1, 1, 1}, [] {}), KernelError);
}

TEST_F(RunnerTest, runs_on_after_a_kernel_that_failed) {
  for (int repeat = 0; repeat < 3; ++repeat) {
    EXPECT_NE(error_of(64,
                       [] {
                         if (threadIdx.x > 0) {
                           __syncthreads();
                         }
                         __syncwarp();
                       }),
              "no error");
    std::atomic<int> sum = 0;
    run_grid({2, 1, 1}, {64, 1, 1}, [&] {
      __syncthreads();
      ++sum;
    });
    EXPECT_EQ(sum, 128);
  }
}

}  // namespace
}  // namespace gramgrad::cuda_on_cpu
