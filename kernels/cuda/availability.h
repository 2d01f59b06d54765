// Which GPUs can be used, and if none can, why not and what would help.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kernels/device.h"

namespace gramgrad::cuda {

enum class Status {
  ready,       // the driver answers; `gpus` lists what it has, and is not empty
  not_built,   // this build has no CUDA
  no_driver,   // no NVIDIA driver is installed
  old_driver,  // the driver is older than the CUDA runtime that is linked in
  no_device,   // a driver, but no GPU that it can see
  failed,      // anything else: `message` is the driver's own
};

struct Gpu {
  std::string name;
  int major;  // compute capability
  int minor;
  std::size_t memory_bytes;
};

// CUDA versions are as CUDA counts them: 1000 * major + 10 * minor; 0: none.
struct Availability {
  Status status = Status::not_built;
  int driver_version = 0;
  int runtime_version = 0;
  std::string message;
  std::vector<Gpu> gpus;  // by ordinal
};

// The name of a GPU and what it has, for people.
std::string describe(const Gpu& gpu);

// Asks the driver. Never throws for what it finds, and needs no driver to be there.
Availability availability();

// Why GPU `ordinal` cannot be used and what would help; empty where it can.
std::string obstacle(const Availability& found, int ordinal);
// One entry a GPU, those that can be used first; one entry "cuda" where there is no GPU.
std::vector<DeviceReport> report(const Availability& found);

}  // namespace gramgrad::cuda
