// The GPU that tests run on.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "tests/kernels/cases.h"

namespace gramgrad::tests {

// The first, or null and a reason: there is none, or not for that arithmetic.
struct FirstGpu {
  std::unique_ptr<Device> device;
  std::string obstacle;
};
inline FirstGpu first_gpu(Math math) {
  const DeviceReport first = available_devices().front();
  if (!first.name.starts_with("cuda:")) {
    return {nullptr, first.description};
  }
  try {
    return {std::make_unique<Device>(Device::cuda(0, math)), ""};
  } catch (const Error& error) {
    return {nullptr, error.what()};
  }
}

// The operator cases whose names begin so.
inline std::vector<OperatorCase> cases_of(const char* operators) {
  std::vector<OperatorCase> chosen;
  for (const OperatorCase& each : operator_cases()) {
    if (each.name.starts_with(operators)) {
      chosen.push_back(each);
    }
  }
  return chosen;
}

}  // namespace gramgrad::tests
