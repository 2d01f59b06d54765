// What a Device stands for. Only the kernels room looks inside.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kernels/device.h"
#include "kernels/ops.h"

namespace gramgrad {

// How bytes move between host and device, after all that is enqueued; done when it returns. On a
// CPU both are memcpy.
struct Transfers {
  std::function<void(void* device, const void* host, std::size_t bytes)> from_host;
  std::function<void(void* host, const void* device, std::size_t bytes)> to_host;
};

// Memory pool and library handles: shared by devices that differ in their operator table only.
struct DeviceResources {
  explicit DeviceResources(RawMemory raw) : allocator(std::move(raw)) {}

  CachingAllocator allocator;
  // The backend's own handles and plan caches, of a type that the backend knows.
  std::shared_ptr<void> backend;
};

// Between begin() and end(), the device's work is recorded; end() returns what runs it.
struct Recorder {
  std::function<void()> begin;
  std::function<std::function<void()>()> end;
  std::function<void()> abandon;  // after an error; must not throw
};

struct DeviceState {
  static Device make_device(DeviceState state) {
    return Device(std::make_shared<DeviceState>(std::move(state)));
  }

  Device::Kind kind;
  std::string name;
  std::string description;
  int threads;
  bool supports_f64;
  Ops ops;
  Transfers transfers;
  RawMemory host_visible;  // what both the device and the host read and write
  std::function<void()> synchronize;
  std::shared_ptr<DeviceResources> resources;
  // Records what is enqueued instead of running it; unset where Device::record() need not record.
  std::optional<Recorder> recorder = {};

  template <typename Backend>
  Backend& backend() {
    return *static_cast<Backend*>(resources->backend.get());
  }
};

// Memory and transfers of the devices that compute on the host.
RawMemory host_memory();
Transfers host_transfers();
// Number of processors that this process may use.
int available_threads();

}  // namespace gramgrad
