// Runs a test once for each instruction set that the processor has and the kernels are built for.
#pragma once

#include <gtest/gtest.h>

#include <hwy/targets.h>

#include <string>

#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {

// Lets the kernels use one instruction set only. Packed weights are made for one: a device lives no
// longer than this.
class OnlyInstructionSet {
 public:
  explicit OnlyInstructionSet(std::int64_t target) { hwy::SetSupportedTargetsForTest(target); }
  ~OnlyInstructionSet() { hwy::SetSupportedTargetsForTest(0); }
  OnlyInstructionSet(const OnlyInstructionSet&) = delete;
  OnlyInstructionSet& operator=(const OnlyInstructionSet&) = delete;
};

template <typename Body>
void for_each_instruction_set(const Body& body) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(std::string(hwy::TargetName(target)) + ", seed " + std::to_string(test_seed()));
    const OnlyInstructionSet only(target);
    body();
  }
}

}  // namespace gramgrad::tests
