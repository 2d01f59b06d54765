// The reference device: plain loops, in f32 and f64.
#include <memory>

#include "kernels/device_state.h"

namespace gramgrad {

Device Device::reference() {
  return DeviceState::make_device({
      .kind = Kind::reference,
      .name = "reference",
      .description = "plain loops, f32 and f64",
      .threads = available_threads(),
      .supports_f64 = true,
      .ops = reference_ops(),
      .transfers = host_transfers(),
      .host_visible = host_memory(),
      .synchronize = [] {},
      .resources = std::make_shared<DeviceResources>(host_memory()),
  });
}

}  // namespace gramgrad
