// The CUDA runtime's errors, as ours.
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/check.h"

namespace gramgrad::cuda {

// Throws Error unless `error` is cudaSuccess. `what` completes "CUDA failed at ...".
inline void expect_success(cudaError_t error, const char* what) {
  if (error != cudaSuccess) {
    cudaGetLastError();  // so that no later call reports this one's error
    fail("CUDA failed at {}: {} ({})", what, cudaGetErrorString(error), cudaGetErrorName(error));
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
