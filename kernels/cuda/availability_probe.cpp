// Asks the CUDA runtime, which is linked in statically and looks for the driver when it is called.
#include <cuda_runtime_api.h>

#include "kernels/cuda/availability.h"

namespace gramgrad::cuda {
namespace {

Status status_of(cudaError_t error, int driver_version) {
  switch (error) {
    case cudaSuccess:
      return Status::ready;
    case cudaErrorInsufficientDriver:  // also what it says where there is no driver at all
      return driver_version == 0 ? Status::no_driver : Status::old_driver;
    case cudaErrorStubLibrary:
      return Status::no_driver;
    case cudaErrorNoDevice:
      return Status::no_device;
    default:
      return Status::failed;
  }
}

}  // namespace

Availability availability() {
  Availability found{.status = Status::failed, .message = "", .gpus = {}};
  cudaDriverGetVersion(&found.driver_version);
  cudaRuntimeGetVersion(&found.runtime_version);
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  for (int ordinal = 0; error == cudaSuccess && ordinal < count; ++ordinal) {
    cudaDeviceProp properties;
    error = cudaGetDeviceProperties(&properties, ordinal);
    if (error == cudaSuccess) {
      found.gpus.push_back(
          {properties.name, properties.major, properties.minor, properties.totalGlobalMem});
    }
  }
  cudaGetLastError();  // so that no later call reports this one's error
  found.status = status_of(error, found.driver_version);
  found.message = error == cudaSuccess ? "" : cudaGetErrorString(error);
  if (found.status == Status::ready && found.gpus.empty()) {
    found.status = Status::no_device;
  }
  return found;
}

}  // namespace gramgrad::cuda
