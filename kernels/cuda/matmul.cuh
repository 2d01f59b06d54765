// The one tile kernel behind convolutions and Gram matrices:
//
//   C[m, n] = sum over k of A(m, k) B(k, n),     f32
//
// for each item of a batch. Operands are structs that say where their elements lie, so that a
// convolution's patches need not exist in memory (implicit GEMM). k can be split among blocks;
// their partial products are then added elsewhere, in a fixed order.
//
// An operand is a struct with
//   static constexpr bool k_is_contiguous    neighbours in k are neighbours in memory (else in m,
//   n) Line line(int item, int i) const         where row m of A, or column n of B, begins float
//   at(const Line&, int k) const
// and the output one with
//   void operator()(int item, int split, int m, int n, float value) const.
#pragma once

#include <utility>

#include "kernels/cuda/launcher.cuh"

namespace gramgrad::cuda {

struct MatmulSize {
  int m, n, k;
  int items = 1;
  int k_per_split = 0;      // a split's share of k, a multiple of `tile_depth`; 0: all of k
  bool upper_only = false;  // only tiles that touch m <= n

  int splits() const { return k > 0 && k_per_split > 0 ? ceil_div(k, k_per_split) : 1; }
};

constexpr int tile_edge = 64;   // a block computes 64 x 64 outputs,
constexpr int tile_depth = 16;  // 16 terms at a time,
constexpr int thread_edge = 4;  // a thread 4 x 4 of them: 256 threads

struct alignas(16) Tile {
  float values[tile_depth][tile_edge + thread_edge];  // padded: fewer bank conflicts
};
struct TileA : Tile {};
struct TileB : Tile {};

// What one thread carries of an operand from global into shared memory: four elements a step.
// Neighbouring threads take neighbours in memory.
template <typename Operand>
class TileLoader {
 public:
  __device__ TileLoader(const Operand& operand, int item, int first, int count)
      : operand_(operand) {
    for (int r = 0; r < lines; ++r) {
      lines_[r] = operand.line(item, min(first + row(r), count - 1));
    }
    for (int r = 0; r < per_thread; ++r) {
      inside_[r] = first + row(r) < count;
    }
  }

  __device__ void fetch(int k_begin, int k_end) {
    for (int r = 0; r < per_thread; ++r) {
      const int k = k_begin + depth(r);
      values_[r] = inside_[r] && k < k_end ? operand_.at(lines_[r < lines ? r : 0], k) : 0;
    }
  }

  __device__ void put(Tile& tile) const {
    for (int r = 0; r < per_thread; ++r) {
      tile.values[depth(r)][row(r)] = values_[r];
    }
  }

 private:
  static constexpr int per_thread = tile_edge * tile_depth / threads_per_block;
  // Of this thread's elements all have one k and lie on four lines, or the reverse.
  static constexpr int lines = Operand::k_is_contiguous ? per_thread : 1;
  using Line = decltype(std::declval<const Operand&>().line(0, 0));

  __device__ static int row(int r) {
    const int thread = static_cast<int>(threadIdx.x);
    return Operand::k_is_contiguous
               ? thread / tile_depth + r * (static_cast<int>(threads_per_block) / tile_depth)
               : thread % tile_edge;
  }
  __device__ static int depth(int r) {
    const int thread = static_cast<int>(threadIdx.x);
    return Operand::k_is_contiguous
               ? thread % tile_depth
               : thread / tile_edge + r * (static_cast<int>(threads_per_block) / tile_edge);
  }

  const Operand& operand_;
  Line lines_[lines];
  bool inside_[per_thread];
  float values_[per_thread];
};

// What one thread computes of C: thread_edge x thread_edge elements.
struct ThreadTile {
  int row, column;  // in the block's tile
  float sums[thread_edge][thread_edge] = {};

  __device__ ThreadTile() {
    constexpr int threads_per_row = tile_edge / thread_edge;
    row = static_cast<int>(threadIdx.x) / threads_per_row * thread_edge;
    column = static_cast<int>(threadIdx.x) % threads_per_row * thread_edge;
  }

  __device__ void multiply(const Tile& a, const Tile& b) {
    for (int k = 0; k < tile_depth; ++k) {
      for (int i = 0; i < thread_edge; ++i) {
        for (int j = 0; j < thread_edge; ++j) {
          sums[i][j] = fmaf(a.values[k][row + i], b.values[k][column + j], sums[i][j]);
        }
      }
    }
  }

  // use(m, n, sum) for each element, in the tile's coordinates.
  template <typename Use>
  __device__ void for_each(const Use& use) const {
    for (int i = 0; i < thread_edge; ++i) {
      for (int j = 0; j < thread_edge; ++j) {
        use(row + i, column + j, sums[i][j]);
      }
    }
  }
};

// Grid: tiles in m, tiles in n, items times splits. The next tiles are fetched into registers while
// these are multiplied.
template <typename A, typename B, typename Output>
__global__ void __launch_bounds__(threads_per_block)
    matmul_kernel(MatmulSize size, int splits, A a, B b, Output output) {
  const int first_m = static_cast<int>(blockIdx.x) * tile_edge;
  const int first_n = static_cast<int>(blockIdx.y) * tile_edge;
  if (size.upper_only && first_m > first_n) {
    return;
  }
  const int item = static_cast<int>(blockIdx.z) / splits;
  const int split = static_cast<int>(blockIdx.z) % splits;
  const int k_begin = split * size.k_per_split;
  const int k_end = splits == 1 ? size.k : min(size.k, k_begin + size.k_per_split);
  TileLoader<A> load_a(a, item, first_m, size.m);
  TileLoader<B> load_b(b, item, first_n, size.n);
  Tile& tile_a = shared_memory<TileA>();
  Tile& tile_b = shared_memory<TileB>();
  ThreadTile mine;

  load_a.fetch(k_begin, k_end);
  load_b.fetch(k_begin, k_end);
  for (int k = k_begin; k < k_end; k += tile_depth) {
    load_a.put(tile_a);
    load_b.put(tile_b);
    __syncthreads();
    load_a.fetch(k + tile_depth, k_end);  // zeros after the last
    load_b.fetch(k + tile_depth, k_end);
    mine.multiply(tile_a, tile_b);
    __syncthreads();
  }
  mine.for_each([&](int i, int j, float sum) {
    if (first_m + i < size.m && first_n + j < size.n) {
      output(item, split, first_m + i, first_n + j, sum);
    }
  });
}

template <typename A, typename B, typename Output>
void matmul(Stream stream, const MatmulSize& size, const A& a, const B& b, const Output& output) {
  if (size.m == 0 || size.n == 0 || size.items == 0) {
    return;
  }
  const int splits = size.splits();
  const dim3 grid(static_cast<unsigned>(ceil_div(size.m, tile_edge)),
                  static_cast<unsigned>(ceil_div(size.n, tile_edge)),
                  static_cast<unsigned>(size.items * splits));
  check(grid.y <= 65535 && grid.z <= 65535,
        "a product of matrices of {} x {} x {}, {} of them, is too large for the CUDA device",
        size.m, size.n, size.k, size.items);
  launch(matmul_kernel<A, B, Output>, grid, threads_per_block, stream, size, splits, a, b, output);
}

}  // namespace gramgrad::cuda
