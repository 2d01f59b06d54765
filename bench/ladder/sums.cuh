// How the first steps of the losses' ladders add what they wrote to memory.
#pragma once

#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/reduce.cuh"

namespace gramgrad::bench {

struct Values {
  const float* values;
  __device__ void operator()(cuda::Sum& sum, cuda::Index i) const { sum.add(values[i]); }
};

// out[0] = factor * the values' sum, by one block.
__global__ inline void add_in_one_block(cuda::Index count, const float* values, double factor,
                                        float* out) {
  cuda::Sum mine;
  for (cuda::Index i = threadIdx.x; i < count; i += blockDim.x) {
    mine.add(values[i]);
  }
  mine = cuda::block_reduce(mine);
  if (threadIdx.x == 0) {
    out[0] = static_cast<float>(factor * mine.total());
  }
}

}  // namespace gramgrad::bench
