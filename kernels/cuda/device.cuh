// What kernels and launchers may use of CUDA: the one header that all of them include.
//
// The same files are compiled twice: by nvcc for GPUs, and by a C++ compiler for a runner that
// executes every CUDA thread on the CPU, where tests and sanitizers see it. Both give the names of
// CUDA C++ (threadIdx, __syncthreads, __shfl_down_sync, ...) and these:
//
//   Stream                  a queue of work on one GPU
//   launch(kernel, grid, block, stream, arguments...)      in place of <<<>>>; throws Error
//   shared_memory<T>()      the block's one object of that type: uninitialised, trivial
// and from compute capability 8.0 on
//   copy_async<bytes>(shared, global, inside)   begins a copy of 4 or 16 bytes, of zeros if outside
//   commit_copies(), wait_for_copies<n>()       ends a group; waits for all but the last n groups
//   to_tf32(value)                              rounded to 10 bits of mantissa, half away from zero
//   multiply_tf32(d, a, b)                      d += a b by a warp: mma.m16n8k8
//   multiply_bf16(d, a, b)                      d += a b by a warp: mma.m16n8k16
// A copy is to be seen by the thread that waited for it, and by others after a barrier.
//
// A block's shared_memory<T>() is the same object for each call with the same T.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

#if defined(__CUDACC__)
#include "kernels/cuda/device_nvcc.cuh"
#elif defined(GRAMGRAD_CUDA_EMULATION)
#include GRAMGRAD_CUDA_EMULATION  // the header of the runner
#else
#error "CUDA kernels are compiled by nvcc, or for a runner that GRAMGRAD_CUDA_EMULATION names"
#endif

namespace gramgrad::cuda {

// Of elements. Kernels that divide an index into coordinates use 32 bits: see expect_small().
using Index = std::int64_t;

constexpr int warp_size = 32;
constexpr unsigned all_lanes = 0xffffffffU;

template <typename T>
__host__ __device__ constexpr T ceil_div(T a, T b) {
  return (a + b - 1) / b;
}

// to = value, or to += value; T is float or Bf16.
template <typename T>
__device__ inline void store(T& to, float value, bool accumulate) {
  to = rounded_to<T>(accumulate ? to_f32(to) + value : value);
}

}  // namespace gramgrad::cuda
