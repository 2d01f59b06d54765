// What a person is told about the GPUs of this machine.
#include "kernels/cuda/availability.h"

#include <fmt/format.h>

#include <algorithm>

namespace gramgrad::cuda {
namespace {

// Turing: the oldest GPUs that the kernels are written for.
constexpr int oldest_major = 7;
constexpr int oldest_minor = 5;

std::string version(int cuda_version) {
  return fmt::format("{}.{}", cuda_version / 1000, cuda_version % 1000 / 10);
}

// What keeps every GPU from being used; empty where nothing does.
std::string general_obstacle(const Availability& found) {
  switch (found.status) {
    case Status::ready:
      return "";
    case Status::not_built:
      return "this build has no CUDA: install the CUDA toolkit, so that CMake finds nvcc, and "
             "build "
             "again";
    case Status::no_driver:
      return "no NVIDIA driver is installed: install one (nvidia-smi shows whether it works)";
    case Status::old_driver:
      return fmt::format(
          "the NVIDIA driver is too old: it supports CUDA {}, and this build needs {}; update the "
          "driver, or build with an older CUDA toolkit",
          version(found.driver_version), version(found.runtime_version));
    case Status::no_device:
      return "the NVIDIA driver sees no GPU: see nvidia-smi, the variable CUDA_VISIBLE_DEVICES, "
             "and "
             "in a container whether GPUs are passed in";
    case Status::failed:
      return fmt::format("CUDA cannot be started: {}", found.message);
  }
  return "";
}

}  // namespace

std::string describe(const Gpu& gpu) {
  constexpr double gibibyte = 1 << 30;
  return fmt::format("{}, compute capability {}.{}, {:.1f} GiB", gpu.name, gpu.major, gpu.minor,
                     static_cast<double>(gpu.memory_bytes) / gibibyte);
}

std::string obstacle(const Availability& found, int ordinal) {
  if (std::string general = general_obstacle(found); !general.empty()) {
    return general;
  }
  if (ordinal < 0 || ordinal >= static_cast<int>(found.gpus.size())) {
    return fmt::format("there is no GPU {}: this machine has {}, counted from 0", ordinal,
                       found.gpus.size());
  }
  const Gpu& gpu = found.gpus[static_cast<std::size_t>(ordinal)];
  if (std::pair(gpu.major, gpu.minor) < std::pair(oldest_major, oldest_minor)) {
    return fmt::format("{} is too old: compute capability {}.{} (Turing) or newer is needed",
                       describe(gpu), oldest_major, oldest_minor);
  }
  return "";
}

std::vector<DeviceReport> report(const Availability& found) {
  if (const std::string general = general_obstacle(found); !general.empty()) {
    return {{"cuda", false, general}};
  }
  std::vector<DeviceReport> entries;
  for (int ordinal = 0; ordinal < static_cast<int>(found.gpus.size()); ++ordinal) {
    const std::string problem = obstacle(found, ordinal);
    const Gpu& gpu = found.gpus[static_cast<std::size_t>(ordinal)];
    entries.push_back({fmt::format("cuda:{}", ordinal), problem.empty(),
                       problem.empty() ? describe(gpu) : problem});
  }
  std::stable_partition(entries.begin(), entries.end(),
                        [](const DeviceReport& entry) { return entry.available; });
  return entries;
}

}  // namespace gramgrad::cuda
