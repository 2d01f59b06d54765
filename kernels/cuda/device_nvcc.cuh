// device.cuh for GPUs. CUDA's own names come from the compiler.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "kernels/cuda/runtime.h"

namespace gramgrad::cuda {

using Stream = cudaStream_t;

template <typename T>
__device__ T& shared_memory() {
  __shared__ alignas(T) unsigned char bytes[sizeof(T)];
  return *reinterpret_cast<T*>(bytes);
}

template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, Stream stream,
            Arguments... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = stream;
  expect_success(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...),
                 "starting a kernel");
}

}  // namespace gramgrad::cuda
