// Kernels with one bug each, of the kinds that CUDA kernels have; and without it, `planted` false.
#pragma once

#include "kernels/cuda/device.cuh"

namespace gramgrad::cuda {

struct Row {
  float values[64];
};
struct Column {
  float values[64];
};

// y = 2 x. Bug: one element too many.
template <bool planted>
__global__ void past_the_end(const float* x, float* y, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count + (planted ? 1 : 0)) {
    y[i] = 2 * x[i];
  }
}

// Every block reverses its 64 elements. Bug: no barrier between writing and reading.
template <bool planted>
__global__ void missing_barrier(const float* x, float* y) {
  Row& row = shared_memory<Row>();
  const unsigned i = blockIdx.x * 64 + threadIdx.x;
  row.values[threadIdx.x] = x[i];
  if (!planted) {
    __syncthreads();
  }
  y[i] = row.values[63 - threadIdx.x];
}

// y[i] = the sum of 64 elements from i on. Bug: reads past the end of shared memory.
template <bool planted>
__global__ void past_shared_memory(const float* x, float* y) {
  const float* values = shared_memory<Row>().values;
  shared_memory<Row>().values[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  float sum = 0;
  for (unsigned i = threadIdx.x; i < 64 + (planted ? 1 : 0); ++i) {
    sum += values[i];
  }
  y[threadIdx.x] = sum;
}

// y = the sum over four rows of 64, each row reversed. Bug: a row is overwritten while it is read.
template <bool planted>
__global__ void overwritten_too_early(const float* x, float* y) {
  Row& row = shared_memory<Row>();
  float sum = 0;
  for (unsigned r = 0; r < 4; ++r) {
    row.values[threadIdx.x] = x[r * 64 + threadIdx.x];
    __syncthreads();
    sum += row.values[63 - threadIdx.x];
    if (!planted) {
      __syncthreads();
    }
  }
  y[threadIdx.x] = sum;
}

// y[0] = the sum of 48 elements. Bug: threads without an element leave before the shuffle.
template <bool planted>
__global__ void leaves_before_a_shuffle(const float* x, float* y) {
  if (planted && threadIdx.x >= 48) {
    return;
  }
  float sum = threadIdx.x < 48 ? x[threadIdx.x] : 0;
  for (unsigned lanes = 16; lanes > 0; lanes /= 2) {
    sum += __shfl_down_sync(all_lanes, sum, lanes);
  }
  Row& row = shared_memory<Row>();
  if (threadIdx.x % warp_size == 0) {
    row.values[threadIdx.x / warp_size] = sum;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    y[0] = row.values[0] + row.values[1];
  }
}

// y[0] = the sum of the blocks' first elements. Bug: every block adds its own, at the same time.
template <bool planted>
__global__ void race_between_blocks(const float* x, float* y) {
  if (threadIdx.x != 0) {
    return;
  }
  if (planted) {
    y[0] += x[blockIdx.x * 64];
  } else if (blockIdx.x == 0) {
    for (unsigned block = 0; block < gridDim.x; ++block) {
      y[0] += x[block * 64];
    }
  }
}

// Every warp reverses its 32 elements and adds each one's neighbour. Bug: takes a shuffle for a
// fence.
template <bool planted>
__global__ void shuffle_for_a_fence(const float* x, float* y) {
  Row& row = shared_memory<Row>();
  const unsigned lane = threadIdx.x % warp_size;
  const unsigned first = threadIdx.x - lane;
  row.values[threadIdx.x] = x[threadIdx.x];
  const float neighbour = __shfl_xor_sync(all_lanes, x[threadIdx.x], 1);
  if (!planted) {
    __syncwarp();
  }
  y[threadIdx.x] = row.values[first + 31 - lane] + neighbour;
}

// y = x, by way of the half of the block that copies. Bug: a barrier that only that half reaches.
template <bool planted>
__global__ void divergent_barrier(const float* x, float* y) {
  Row& row = shared_memory<Row>();
  if (threadIdx.x < 32) {
    row.values[threadIdx.x] = x[threadIdx.x];
    row.values[threadIdx.x + 32] = x[threadIdx.x + 32];
    if (planted) {
      __syncthreads();
    }
  } else if (planted) {
    __syncthreads();
  }
  if (!planted) {
    __syncthreads();
  }
  y[threadIdx.x] = row.values[threadIdx.x];
}

// y = the sum over four rows of 64, which travel to shared memory while the row before is added,
// each row reversed.
enum class CopyBug { none, no_wait, no_barrier, copied_too_early };
struct TwoRows {
  alignas(16) float values[2][64];
};
template <CopyBug bug>
__global__ void copies_ahead(const float* x, float* y) {
  TwoRows& rows = shared_memory<TwoRows>();
  const auto begin = [&](unsigned row) {
    if (row < 4) {
      copy_async<4>(&rows.values[row % 2][threadIdx.x], x + row * 64 + threadIdx.x, true);
    }
    commit_copies();
  };
  begin(0);
  float sum = 0;
  for (unsigned row = 0; row < 4; ++row) {
    begin(row + 1);
    wait_for_copies<bug == CopyBug::no_wait ? 2 : 1>();
    if (bug != CopyBug::no_barrier) {
      __syncthreads();
    }
    sum += rows.values[row % 2][63 - threadIdx.x];
    if (bug != CopyBug::copied_too_early) {
      __syncthreads();
    }
  }
  wait_for_copies<0>();
  y[threadIdx.x] = sum;
}

}  // namespace gramgrad::cuda
