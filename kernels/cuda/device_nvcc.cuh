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

// What compute capability 7.5 lacks is never called there (see use_tensor_cores).
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800

template <int bytes>
__device__ inline void copy_async(void* shared, const void* global, bool inside) {
  static_assert(bytes == 4 || bytes == 16);
  const auto to = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  const int read = inside ? bytes : 0;
  if constexpr (bytes == 16) {  // past the first-level cache: no other block of this SM reads it
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(read)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(global), "r"(read)
                 : "memory");
  }
}

__device__ inline void commit_copies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int pending>
__device__ inline void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

__device__ inline unsigned to_tf32(float value) {
  unsigned bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
}

__device__ inline void multiply_tf32(float (&d)[4], const unsigned (&a)[4],
                                     const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline void multiply_bf16(float (&d)[4], const unsigned (&a)[4],
                                     const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#else

template <int bytes>
__device__ inline void copy_async(void*, const void*, bool) {
  __trap();
}
__device__ inline void commit_copies() {}
template <int pending>
__device__ inline void wait_for_copies() {}
__device__ inline unsigned to_tf32(float) {
  return 0;
}
__device__ inline void multiply_tf32(float (&)[4], const unsigned (&)[4], const unsigned (&)[2]) {}
__device__ inline void multiply_bf16(float (&)[4], const unsigned (&)[4], const unsigned (&)[2]) {}

#endif

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
