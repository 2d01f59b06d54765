// The runner catches the bugs that kernels have: as a wrong result or a named error, or with the
// help of a sanitizer. Each bug runs in a process of its own, which must not end well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "tests/cuda_on_cpu/planted_bugs.cuh"
#include "tests/cuda_on_cpu/sanitizers.h"

namespace gramgrad {
namespace {

using Values = std::vector<float>;
// Runs a kernel on x, and returns what it wrote.
using Run = std::function<Values(const Values& x)>;

#if defined(CUDA_ON_CPU_ASAN)
constexpr int mode = 1;
#elif defined(CUDA_ON_CPU_TSAN)
constexpr int mode = 2;
#else
constexpr int mode = 0;
#endif

struct PlantedBug {
  const char* name;
  Run with_bug;
  Run without_bug;
  std::function<Values(const Values& x)> expected;
  bool caught[3];  // plainly, under ASan and UBSan, under TSan
};

constexpr int count = 256;

template <typename Kernel, typename... Arguments>
Run runs(Kernel kernel, unsigned blocks, std::size_t outputs, Arguments... arguments) {
  return [=](const Values& x) {
    Values y(outputs);
    cuda::launch(kernel, blocks, 64, cuda::Stream{}, x.data(), y.data(), arguments...);
    return y;
  };
}

Values reversed_in_groups(const Values& x, std::size_t size, std::size_t group) {
  Values y(size);
  for (std::size_t i = 0; i < size; ++i) {
    y[i] = x[i / group * group + group - 1 - i % group];
  }
  return y;
}

Values doubled(const Values& x) {
  Values y(x);
  for (float& value : y) {
    value *= 2;
  }
  return y;
}

Values sums_from(const Values& x) {
  Values y(64);
  for (std::size_t i = 0; i < 64; ++i) {
    for (std::size_t k = i; k < 64; ++k) {
      y[i] += x[k];
    }
  }
  return y;
}

Values sum_of_reversed_rows(const Values& x) {
  Values y(64);
  for (std::size_t i = 0; i < 64; ++i) {
    for (std::size_t row = 0; row < 4; ++row) {
      y[i] += x[row * 64 + 63 - i];
    }
  }
  return y;
}

Values reversed_and_neighbour(const Values& x) {
  Values y = reversed_in_groups(x, 64, 32);
  for (std::size_t i = 0; i < 64; ++i) {
    y[i] += x[i ^ 1];
  }
  return y;
}

// The values are small integers: sums are exact in any order.
const std::vector<PlantedBug>& planted_bugs() {
  using namespace cuda;
  static const std::vector<PlantedBug> bugs{
      {"past_the_end",
       runs(past_the_end<true>, 5, count, count),
       runs(past_the_end<false>, 5, count, count),
       doubled,
       {false, true, false}},
      {"missing_barrier",
       runs(missing_barrier<true>, 4, count),
       runs(missing_barrier<false>, 4, count),
       [](const Values& x) { return reversed_in_groups(x, count, 64); },
       {true, true, true}},
      {"past_shared_memory",
       runs(past_shared_memory<true>, 1, 64),
       runs(past_shared_memory<false>, 1, 64),
       sums_from,
       {true, true, true}},
      {"overwritten_too_early",
       runs(overwritten_too_early<true>, 1, 64),
       runs(overwritten_too_early<false>, 1, 64),
       sum_of_reversed_rows,
       {true, true, true}},
      {"leaves_before_a_shuffle",
       runs(leaves_before_a_shuffle<true>, 1, 1),
       runs(leaves_before_a_shuffle<false>, 1, 1),
       [](const Values& x) {
         float sum = 0;
         for (std::size_t i = 0; i < 48; ++i) {
           sum += x[i];
         }
         return Values{sum};
       },
       {true, true, true}},
      {"race_between_blocks",
       runs(race_between_blocks<true>, 4, 1),
       runs(race_between_blocks<false>, 4, 1),
       [](const Values& x) { return Values{x[0] + x[64] + x[128] + x[192]}; },
       {false, false, true}},
      {"shuffle_for_a_fence",
       runs(shuffle_for_a_fence<true>, 1, 64),
       runs(shuffle_for_a_fence<false>, 1, 64),
       reversed_and_neighbour,
       {false, false, true}},
      {"divergent_barrier",
       runs(divergent_barrier<true>, 1, 64),
       runs(divergent_barrier<false>, 1, 64),
       [](const Values& x) { return Values(x.begin(), x.begin() + 64); },
       {true, true, true}},
      {"copies_ahead_no_wait",
       runs(copies_ahead<CopyBug::no_wait>, 1, 64),
       runs(copies_ahead<CopyBug::none>, 1, 64),
       sum_of_reversed_rows,
       {true, true, true}},
      {"copies_ahead_no_barrier",
       runs(copies_ahead<CopyBug::no_barrier>, 1, 64),
       runs(copies_ahead<CopyBug::none>, 1, 64),
       sum_of_reversed_rows,
       {true, true, true}},
      {"copies_ahead_copied_too_early",
       runs(copies_ahead<CopyBug::copied_too_early>, 1, 64),
       runs(copies_ahead<CopyBug::none>, 1, 64),
       sum_of_reversed_rows,
       {true, true, true}},
  };
  return bugs;
}

Values small_integers() {
  Values x(count);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i * 37 % 101);
  }
  return x;
}

// Empty where the result is right, in all orders; else what is wrong.
std::string complaint(const Run& run, const Values& expected) {
  using cuda_on_cpu::Order;
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    cuda_on_cpu::configure({.order = order});
    try {
      if (run(small_integers()) != expected) {  // NaN differs from everything
        return "wrong result";
      }
    } catch (const cuda_on_cpu::KernelError& error) {
      return error.what();
    }
  }
  return "";
}

class PlantedBugTest : public testing::TestWithParam<std::size_t> {
 protected:
  const PlantedBug& bug() const { return planted_bugs()[GetParam()]; }
  Values expected() const { return bug().expected(small_integers()); }
};

TEST_P(PlantedBugTest, is_caught) {
  if (!bug().caught[mode]) {
    GTEST_SKIP() << "this build cannot see this bug";
  }
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        const std::string wrong = complaint(bug().with_bug, expected());
        std::fputs(wrong.c_str(), stderr);
        std::exit(wrong.empty() ? 0 : 1);
      },
      [](int status) { return status != 0; }, "");
}

TEST_P(PlantedBugTest, is_the_only_one) {
  EXPECT_EQ(complaint(bug().without_bug, expected()), "");
}

std::string bug_name(const testing::TestParamInfo<std::size_t>& info) {
  return planted_bugs()[info.param].name;
}

INSTANTIATE_TEST_SUITE_P(Runner, PlantedBugTest,
                         testing::Range<std::size_t>(0, planted_bugs().size()), bug_name);

}  // namespace
}  // namespace gramgrad
