// The CUDA runtime's errors, as ours.
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/check.h"

namespace gramgrad::cuda {

// What would help against an error; empty where nothing is known.
inline const char* advice(cudaError_t error) {
  switch (error) {
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorInvalidPtx:
      return "; this build has no code for this GPU: build with CMAKE_CUDA_ARCHITECTURES for it";
    case cudaErrorUnsupportedPtxVersion:
      return "; the NVIDIA driver is older than the CUDA toolkit of this build: update the driver";
    case cudaErrorDevicesUnavailable:
    case cudaErrorSystemNotReady:
      return "; another process holds the GPU, or it is not ready: see nvidia-smi";
    case cudaErrorECCUncorrectable:
    case cudaErrorHardwareStackError:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorUnknown:
      return "; the GPU is lost to this process: run again, and if it fails again see the lines "
             "with Xid in dmesg";
    case cudaErrorStreamCaptureUnsupported:
    case cudaErrorStreamCaptureInvalidated:
      return "; something in the iteration waits for the GPU, which cannot be recorded";
    default:
      return "";
  }
}

// Throws Error unless `error` is cudaSuccess. `what` completes "CUDA failed at ...".
inline void expect_success(cudaError_t error, const char* what) {
  if (error != cudaSuccess) {
    cudaGetLastError();  // so that no later call reports this one's error
    fail("CUDA failed at {}: {} ({}){}", what, cudaGetErrorString(error), cudaGetErrorName(error),
         advice(error));
  }
}

// Makes a GPU the calling thread's current one, and the former one current again at the end.
class CurrentGpu {
 public:
  explicit CurrentGpu(int ordinal) {
    expect_success(cudaGetDevice(&former_), "asking for the current GPU");
    expect_success(cudaSetDevice(ordinal), "choosing a GPU");
  }
  ~CurrentGpu() { cudaSetDevice(former_); }
  CurrentGpu(const CurrentGpu&) = delete;
  CurrentGpu& operator=(const CurrentGpu&) = delete;

 private:
  int former_ = 0;
};

}  // namespace gramgrad::cuda
