// Products with few outputs and a long k, such as Gram matrices and weight gradients: k is split
// among blocks, and the partial products are added in a fixed order.
#pragma once

#include "kernels/cuda/matmul.cuh"
#include "kernels/cuda/sum.cuh"

namespace gramgrad::cuda {

// How the partial products [items, splits, m, n] lie.
struct Partials {
  float* values;
  int splits, m, n;

  __device__ void operator()(int item, int split, int i, int j, float value) const {
    values[index(item, split, i, j)] = value;
  }
  // Of all splits, in order.
  __device__ Sum sum(int item, int i, int j) const {
    Sum sum;
    for (int split = 0; split < splits; ++split) {
      sum.add(values[index(item, split, i, j)]);
    }
    return sum;
  }
  __device__ Index index(int item, int split, int i, int j) const {
    return ((static_cast<Index>(item) * splits + split) * m + i) * n + j;
  }
};

// A share of k such that all blocks together fill any GPU, but no share is shorter than what makes
// a partial product worth storing. It depends on the size only, and so does the result.
inline MatmulSize with_splits(MatmulSize size) {
  constexpr int wanted_blocks = 512;
  constexpr int shortest_share = 256;
  const int tiles = ceil_div(size.m, tile_edge) * ceil_div(size.n, tile_edge) * size.items;
  const int splits = ceil_div(wanted_blocks, tiles > 0 ? tiles : 1);
  const int share = ceil_div(ceil_div(size.k, splits), tile_depth) * tile_depth;
  size.k_per_split = share > shortest_share ? share : shortest_share;
  return size;
}

// A product that is split, and memory for its partial products.
struct SplitMemory {
  MatmulSize size;
  Scratch<float> memory;

  SplitMemory(const Tensor& like, const MatmulSize& whole)
      : size(with_splits(whole)),
        memory(like, static_cast<Index>(size.items) * size.splits() * size.m * size.n) {}
  Partials partials() const { return {memory.data(), size.splits(), size.m, size.n}; }
};

// Runs the product; Consumer is called with the Partials while they exist, and launches what adds
// them.
template <typename A, typename B, typename Consumer>
void split_matmul(const Tensor& like, const MatmulSize& whole, const A& a, const B& b,
                  const Consumer& consumer) {
  const SplitMemory split(like, whole);
  matmul(stream_of(like), split.size, a, b, split.partials());
  consumer(split.partials());
}

}  // namespace gramgrad::cuda
