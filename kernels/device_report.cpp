// The devices of this machine, in the order in which `auto` chooses.
#include "kernels/cuda/availability.h"
#include "kernels/device.h"

namespace gramgrad {

std::vector<DeviceReport> available_devices() {
  std::vector<DeviceReport> entries = cuda::report(cuda::availability());
  for (const Device& device : {Device::cpu(), Device::reference()}) {
    entries.push_back({device.name(), true, device.description()});
  }
  return entries;
}

}  // namespace gramgrad
