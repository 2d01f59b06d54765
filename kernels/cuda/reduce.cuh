// Reductions in two stages, without atomics: every block reduces its share, then one block reduces
// theirs. Which thread adds what depends on the number of terms only, so a run is bit-identical to
// its repeat, on every GPU.
#pragma once

#include "kernels/cuda/launcher.cuh"
#include "kernels/cuda/sum.cuh"

namespace gramgrad::cuda {

template <typename Accumulator>
struct WarpResults {
  Accumulator of_warp[warp_size];
};

template <typename Accumulator>
__device__ Accumulator warp_reduce(Accumulator mine) {
  for (int lanes = warp_size / 2; lanes > 0; lanes /= 2) {
    mine.merge(mine.shuffled_down(lanes));
  }
  return mine;  // of all lanes in lane 0
}

// Of all threads of the block in thread 0; blocks are rows of whole warps.
template <typename Accumulator>
__device__ Accumulator block_reduce(Accumulator mine) {
  auto& results = shared_memory<WarpResults<Accumulator>>();
  const unsigned warp = threadIdx.x / warp_size;
  const unsigned lane = threadIdx.x % warp_size;
  mine = warp_reduce(mine);
  if (lane == 0) {
    results.of_warp[warp] = mine;
  }
  __syncthreads();
  if (warp == 0) {
    mine = lane < blockDim.x / warp_size ? results.of_warp[lane] : Accumulator{};
    mine = warp_reduce(mine);
  }
  return mine;
}

// partials[block] = the accumulated terms of the block; terms(accumulator, i) adds term i.
template <typename Accumulator, typename Terms>
__global__ void reduce_terms_kernel(Index count, Terms terms, Accumulator* partials) {
  Accumulator mine;
  const Index stride = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    terms(mine, i);
  }
  mine = block_reduce(mine);
  if (threadIdx.x == 0) {
    partials[blockIdx.x] = mine;
  }
}

// out[0] = factor * the partials' total
template <typename Accumulator>
__global__ void reduce_partials_kernel(int count, const Accumulator* partials, double factor,
                                       float* out) {
  Accumulator mine;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
    mine.merge(partials[i]);
  }
  mine = block_reduce(mine);
  if (threadIdx.x == 0) {
    out[0] = static_cast<float>(factor * mine.total());
  }
}

inline unsigned reduction_blocks(Index terms) {
  constexpr Index terms_per_thread = 8;
  constexpr Index most = 1024;
  const Index wanted = ceil_div<Index>(terms, terms_per_thread * threads_per_block);
  return static_cast<unsigned>(wanted < 1 ? 1 : wanted < most ? wanted : most);
}

// out[0] = factor * (terms 0 .. count-1, accumulated). Terms is a struct with a __device__
// operator()(Accumulator&, Index) const; it may write elements of its own while it is at it.
template <typename Accumulator, typename Terms>
void reduce(Index count, const Terms& terms, double factor, Tensor& out) {
  const unsigned blocks = reduction_blocks(count);
  const Stream stream = stream_of(out);
  const Scratch<Accumulator> partials(out, blocks);
  launch(reduce_terms_kernel<Accumulator, Terms>, blocks, threads_per_block, stream, count, terms,
         partials.data());
  launch(reduce_partials_kernel<Accumulator>, 1, threads_per_block, stream,
         static_cast<int>(blocks), partials.data(), factor, out.data<float>());
}

}  // namespace gramgrad::cuda
