// What the tests of the runner share.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/cuda_on_cpu/runner.h"

namespace gramgrad::cuda_on_cpu {

constexpr unsigned all_lanes = 0xffffffffU;

// Leaves the runner as it was.
class RunnerTest : public testing::Test {
 protected:
  void TearDown() override { configure({}); }
};

// The error of a kernel that fails.
inline std::string error_of(unsigned threads, const std::function<void()>& kernel) {
  try {
    run_grid({1, 1, 1}, {threads, 1, 1}, kernel);
  } catch (const KernelError& error) {
    return error.what();
  }
  return "no error";
}

// Something to have in shared memory.
struct Numbers {
  float values[8];
};

}  // namespace gramgrad::cuda_on_cpu
