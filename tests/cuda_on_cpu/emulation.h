// kernels/cuda/device.cuh for the runner: CUDA's names, as far as kernels use them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tests/cuda_on_cpu/runner.h"
#include "tests/cuda_on_cpu/tensor_cores.h"

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// Of the running thread; the runner sets them whenever it lets a thread run.
extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;

template <typename T>
T min(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
T max(T a, T b) {
  return a < b ? b : a;
}

inline void __syncthreads(gramgrad::cuda_on_cpu::Site site = gramgrad::cuda_on_cpu::Site::here()) {
  gramgrad::cuda_on_cpu::wait_for_block("__syncthreads", site);
}

inline void __syncwarp(std::uint32_t mask = 0xffffffffU,
                       gramgrad::cuda_on_cpu::Site site = gramgrad::cuda_on_cpu::Site::here()) {
  gramgrad::cuda_on_cpu::wait_for_warp("__syncwarp", site, mask);
}

// A lane beyond the warp's end reads itself.
template <typename T>
T __shfl_down_sync(std::uint32_t mask, T value, unsigned lanes,
                   gramgrad::cuda_on_cpu::Site site = gramgrad::cuda_on_cpu::Site::here()) {
  static_assert(sizeof(T) == sizeof(std::uint32_t));
  const unsigned lane = gramgrad::cuda_on_cpu::current_lane();
  return std::bit_cast<T>(gramgrad::cuda_on_cpu::read_lane(
      "__shfl_down_sync", site, mask, std::bit_cast<std::uint32_t>(value),
      lane + lanes < 32 ? lane + lanes : lane));
}

template <typename T>
T __shfl_xor_sync(std::uint32_t mask, T value, unsigned lanes,
                  gramgrad::cuda_on_cpu::Site site = gramgrad::cuda_on_cpu::Site::here()) {
  static_assert(sizeof(T) == sizeof(std::uint32_t));
  const unsigned lane = gramgrad::cuda_on_cpu::current_lane();
  return std::bit_cast<T>(gramgrad::cuda_on_cpu::read_lane(
      "__shfl_xor_sync", site, mask, std::bit_cast<std::uint32_t>(value), (lane ^ lanes) % 32));
}

inline std::uint32_t __ballot_sync(
    std::uint32_t mask, bool predicate,
    gramgrad::cuda_on_cpu::Site site = gramgrad::cuda_on_cpu::Site::here()) {
  return gramgrad::cuda_on_cpu::vote("__ballot_sync", site, mask, predicate);
}

namespace gramgrad::cuda {

struct Stream {};

template <typename T>
T& shared_memory() {
  static const char key = 0;
  return *static_cast<T*>(cuda_on_cpu::shared_object(&key, sizeof(T)));
}

// On a GPU the bytes may arrive at any time from here to the wait that ends the copy. So what was
// there is lost now, and what comes is there only then.
template <int bytes>
void copy_async(void* shared, const void* global, bool inside,
                cuda_on_cpu::Site site = cuda_on_cpu::Site::here()) {
  static_assert(bytes == 4 || bytes == 16);
  cuda_on_cpu::begin_copy("copy_async", site, {shared, global, bytes, inside});
  std::memset(shared, 0xFF, bytes);
}

inline void commit_copies() {
  cuda_on_cpu::commit_copies();
}

template <int pending>
void wait_for_copies() {
  for (const cuda_on_cpu::Copy& copy : cuda_on_cpu::take_copies(pending)) {
    if (copy.inside) {
      std::memcpy(copy.shared, copy.global, copy.bytes);
    } else {
      std::memset(copy.shared, 0, copy.bytes);
    }
  }
}

inline unsigned to_tf32(float value) {
  return cuda_on_cpu::rounded_to_tf32(value);
}

inline void multiply_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                          cuda_on_cpu::Site site = cuda_on_cpu::Site::here()) {
  cuda_on_cpu::TensorOperands operands{d, a, b};
  cuda_on_cpu::together("multiply_tf32", site, &operands, cuda_on_cpu::multiply_tf32);
}

inline void multiply_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                          cuda_on_cpu::Site site = cuda_on_cpu::Site::here()) {
  cuda_on_cpu::TensorOperands operands{d, a, b};
  cuda_on_cpu::together("multiply_bf16", site, &operands, cuda_on_cpu::multiply_bf16);
}

template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, Stream, Arguments... arguments) {
  cuda_on_cpu::launch_grid({grid.x, grid.y, grid.z}, {block.x, block.y, block.z},
                           [=] { kernel(static_cast<Parameters>(arguments)...); });
}

}  // namespace gramgrad::cuda
