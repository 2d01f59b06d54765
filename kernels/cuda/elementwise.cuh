// A body for each element: one pass over memory.
#pragma once

#include "kernels/cuda/launcher.cuh"

namespace gramgrad::cuda {

template <typename Body>
__global__ void for_each_kernel(Index count, Body body) {
  const Index stride = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    body(i);
  }
}

// body(i) for i in [0, count), in no order; Body is a struct with a __device__ operator().
template <typename Body>
void for_each(Stream stream, Index count, const Body& body) {
  if (count > 0) {
    launch(for_each_kernel<Body>, blocks_for(count), threads_per_block, stream, count, body);
  }
}

}  // namespace gramgrad::cuda
