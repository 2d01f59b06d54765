// The devices that operators are tested on: all that there are, or with GRAMGRAD_TEST_DEVICES=cuda
// the GPUs alone, and with cpu the CPU alone.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "kernels/device.h"

namespace gramgrad::tests {

// The reference (in f32), the CPU with one thread and with two, and the GPUs that there are.
inline std::vector<std::string> device_names() {
  std::vector<std::string> names{"reference", "cpu_1_thread", "cpu_2_threads"};
  for (const DeviceReport& report : available_devices()) {
    if (report.available && report.name.starts_with("cuda:")) {
      names.push_back("cuda_" + report.name.substr(5));
    }
  }
  if (const char* wanted = std::getenv("GRAMGRAD_TEST_DEVICES")) {
    std::erase_if(names, [&](const std::string& name) { return !name.starts_with(wanted); });
    check(!names.empty(), "GRAMGRAD_TEST_DEVICES={}: there is no such device here ({})", wanted,
          available_devices().front().description);
  }
  return names;
}

inline Device device_named(const std::string& name) {
  return name == "reference"       ? Device::reference()
         : name == "cpu_1_thread"  ? Device::cpu(1)
         : name == "cpu_2_threads" ? Device::cpu(2)
                                   : Device::cuda(std::stoi(name.substr(5)));
}

inline std::vector<Device> all_devices() {
  std::vector<Device> devices;
  for (const std::string& name : device_names()) {
    devices.push_back(device_named(name));
  }
  return devices;
}

}  // namespace gramgrad::tests
