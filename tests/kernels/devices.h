// The devices that operators are tested on.
#pragma once

#include <string>
#include <vector>

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
