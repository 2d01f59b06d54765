// Asynchronous copies and tensor cores, as the runner has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "kernels/cuda/device.cuh"
#include "tests/cuda_on_cpu/runner_fixture.h"

namespace gramgrad::cuda_on_cpu {
namespace {

using testing::HasSubstr;

TEST_F(RunnerTest, refuses_asynchronous_copies_that_a_gpu_would_not_do) {
  alignas(16) static float source[16] = {};
  const auto copy = [](int to, int from) {
    cuda::copy_async<16>(cuda::shared_memory<Numbers>().values + to, source + from, true);
  };
  EXPECT_THAT(error_of(1, [&] { copy(0, 1); }), HasSubstr("no multiple of 16"));
  EXPECT_THAT(error_of(1, [&] { copy(1, 0); }), HasSubstr("no multiple of 16"));
  EXPECT_THAT(error_of(1, [] { cuda::copy_async<4>(source, source + 1, true); }),
              HasSubstr("not shared memory"));
  EXPECT_THAT(error_of(1,
                       [&] {
                         copy(0, 0);
                         cuda::commit_copies();
                         cuda::wait_for_copies<1>();
                       }),
              HasSubstr("1 asynchronous copies on their way"));
}

TEST_F(RunnerTest, lets_copies_arrive_when_they_are_waited_for_and_not_before) {
  alignas(16) static float source[4] = {1, 2, 3, 4};
  run_grid({1, 1, 1}, {1, 1, 1}, [] {
    float* values = cuda::shared_memory<Numbers>().values;
    for (int i = 0; i < 8; ++i) {
      values[i] = -1;
    }
    cuda::copy_async<16>(values, source, true);
    cuda::commit_copies();
    cuda::copy_async<4>(values + 5, source, false);
    cuda::commit_copies();
    EXPECT_TRUE(std::isnan(values[0]));
    cuda::wait_for_copies<1>();
    EXPECT_EQ(values[3], 4);
    EXPECT_TRUE(std::isnan(values[5]));
    cuda::wait_for_copies<0>();
    EXPECT_EQ(values[5], 0);
    EXPECT_EQ(values[6], -1);
  });
}

// One warp, A 16 x 8 and B 8 x 8 of small integers.
TEST_F(RunnerTest, multiplies_on_tensor_cores_with_the_fragments_of_ptx) {
  const auto a_of = [](int i, int k) { return static_cast<float>(i * 3 % 7 - k); };
  const auto b_of = [](int k, int j) { return static_cast<float>(k * k % 5 + 2 * j - 9); };
  run_grid({1, 1, 1}, {32, 1, 1}, [&] {
    const int group = static_cast<int>(threadIdx.x) / 4;
    const int in_group = static_cast<int>(threadIdx.x) % 4;
    unsigned a[4];
    unsigned b[2];
    float d[4] = {0, 1, 2, 3};
    for (int r = 0; r < 4; ++r) {
      a[r] = cuda::to_tf32(a_of(group + 8 * (r % 2), in_group + 4 * (r / 2)));
    }
    for (int r = 0; r < 2; ++r) {
      b[r] = cuda::to_tf32(b_of(in_group + 4 * r, group));
    }
    cuda::multiply_tf32(d, a, b);
    for (int r = 0; r < 4; ++r) {
      float expected = static_cast<float>(r);
      for (int k = 0; k < 8; ++k) {
        expected += a_of(group + 8 * (r / 2), k) * b_of(k, 2 * in_group + r % 2);
      }
      EXPECT_EQ(d[r], expected) << "lane " << threadIdx.x << ", " << r;
    }
  });
  EXPECT_THAT(error_of(16,
                       [] {
                         float d[4] = {};
                         const unsigned a[4] = {};
                         const unsigned b[2] = {};
                         cuda::multiply_tf32(d, a, b);
                       }),
              HasSubstr("a lane that does not exist"));
}

TEST_F(RunnerTest, rounds_to_tf32_as_a_gpu_does) {
  const auto rounded = [](float value) { return std::bit_cast<float>(cuda::to_tf32(value)); };
  EXPECT_EQ(rounded(1 + 0x1p-11F), 1 + 0x1p-10F);  // half: away from zero
  EXPECT_EQ(rounded(-1 - 0x1p-11F), -1 - 0x1p-10F);
  EXPECT_EQ(rounded(1 + 0x1.ffcp-12F), 1);
  EXPECT_EQ(rounded(2 - 0x1p-12F), 2);
  EXPECT_EQ(rounded(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(rounded(std::nanf(""))));
}

}  // namespace
}  // namespace gramgrad::cuda_on_cpu
