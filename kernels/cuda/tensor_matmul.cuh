// The tile kernel on tensor cores, for GPUs from compute capability 8.0:
//
//   C[m, n] = sum over k of A(m, k) B(k, n)
//
// of each item, with A and B rounded to TF32 (10 bits of mantissa) and sums in f32. B is a
// row-major matrix [k, n]; A is [m, k], or [k, m] where `a_rows_are_k`. Tiles travel from global to
// shared memory in asynchronous copies, two stages deep: while one is multiplied, the next is on
// its way. Which thread holds what of an operand: PTX ISA, "Matrix Fragments for mma.m16n8k8".
#pragma once

#include <type_traits>

#include "kernels/cuda/split_matmul.cuh"

namespace gramgrad::cuda {

constexpr int tensor_edge = 64;      // a block computes 64 x 64 outputs,
constexpr int tensor_depth = 32;     // 32 terms at a time;
constexpr int warp_edge = 32;        // a warp 32 x 32 of them:
constexpr int tensor_threads = 128;  // four warps.

// Row-major in shared memory. The pitches put the 32 elements that a warp reads together, eight
// lanes apart in one direction and four in the other, into 32 different banks.
struct RowsAreK {
  static constexpr int rows = tensor_depth, columns = tensor_edge, pitch = tensor_edge + 8;
  __device__ static int at(int i, int k) { return k * pitch + i; }
};
struct ColumnsAreK {
  static constexpr int rows = tensor_edge, columns = tensor_depth, pitch = tensor_depth + 4;
  __device__ static int at(int i, int k) { return i * pitch + k; }
};
constexpr int tensor_tile = RowsAreK::rows * RowsAreK::pitch;
static_assert(tensor_tile == ColumnsAreK::rows * ColumnsAreK::pitch);

struct alignas(16) TensorTiles {
  float a[2][tensor_tile];  // of each stage
  float b[2][tensor_tile];
};

// Where a matrix ends for a block, in rows and columns.
struct MatrixEnd {
  int row, column;
};

// Begins copying the tile at (row, column); zeros beyond the end. `width`: floats that one copy
// takes along.
template <typename Layout, int width>
__device__ void begin_tile(float* tile, const float* matrix, int stride, int row, int column,
                           const MatrixEnd& end) {
  constexpr int per_row = Layout::columns / width;
  for (int i = static_cast<int>(threadIdx.x); i < Layout::rows * per_row; i += tensor_threads) {
    const int r = i / per_row;
    const int c = i % per_row * width;
    const bool inside = row + r < end.row && column + c < end.column;
    const float* from =
        inside ? matrix + static_cast<Index>(row + r) * stride + column + c : matrix;
    copy_async<width * 4>(tile + r * Layout::pitch + c, from, inside);
  }
}

// What one warp computes of the block's tile.
struct WarpTile {
  int row, column;
  float sums[2][4][4] = {};  // 2 x 4 results of m16n8

  __device__ WarpTile() {
    const int warp = static_cast<int>(threadIdx.x) / warp_size;
    row = warp % 2 * warp_edge;
    column = warp / 2 * warp_edge;
  }
  __device__ static int group() { return static_cast<int>(threadIdx.x) % warp_size / 4; }
  __device__ static int in_group() { return static_cast<int>(threadIdx.x) % 4; }

  template <typename LayoutA, typename LayoutB>
  __device__ void multiply(const float* a, const float* b) {
#pragma unroll
    for (int step = 0; step < tensor_depth; step += 8) {
      const int k = step + in_group();
      unsigned rows[2][4];
      unsigned columns[4][2];
      for (int i = 0; i < 2; ++i) {
        for (int r = 0; r < 4; ++r) {
          const int m = row + 16 * i + group() + 8 * (r % 2);
          rows[i][r] = to_tf32(a[LayoutA::at(m, k + 4 * (r / 2))]);
        }
      }
      for (int j = 0; j < 4; ++j) {
        for (int r = 0; r < 2; ++r) {
          columns[j][r] = to_tf32(b[LayoutB::at(column + 8 * j + group(), k + 4 * r)]);
        }
      }
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 4; ++j) {
          multiply_tf32(sums[i][j], rows[i], columns[j]);
        }
      }
    }
  }

  // use(m, n, sum) for each element, in the tile's coordinates. Unrolled, or the sums would have to
  // leave the registers.
  template <typename Use>
  __device__ void for_each(const Use& use) const {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int r = 0; r < 4; ++r) {
          use(row + 16 * i + group() + 8 * (r / 2), column + 8 * j + 2 * in_group() + r % 2,
              sums[i][j][r]);
        }
      }
    }
  }
};

// Grid: tiles in m, tiles in n, items times splits. Where only the upper half is wanted, A and B
// are one matrix, and a tile on the diagonal is loaded once.
template <bool a_rows_are_k, int width, typename Output>
__global__ void __launch_bounds__(tensor_threads)
    tensor_matmul_kernel(MatmulSize size, int splits, const float* a, const float* b,
                         Output output) {
  using LayoutA = std::conditional_t<a_rows_are_k, RowsAreK, ColumnsAreK>;
  const int first_m = static_cast<int>(blockIdx.x) * tensor_edge;
  const int first_n = static_cast<int>(blockIdx.y) * tensor_edge;
  if (size.upper_only && first_m > first_n) {
    return;
  }
  const bool diagonal = size.upper_only && first_m == first_n;
  const int item = static_cast<int>(blockIdx.z) / splits;
  const int split = static_cast<int>(blockIdx.z) % splits;
  const int k_begin = split * size.k_per_split;
  const int k_end = splits == 1 ? size.k : min(size.k, k_begin + size.k_per_split);
  a += static_cast<Index>(item) * size.m * size.k;
  b += static_cast<Index>(item) * size.k * size.n;
  TensorTiles& tiles = shared_memory<TensorTiles>();

  const auto begin = [&](int stage, int k) {
    if (k < k_end) {
      if constexpr (a_rows_are_k) {
        begin_tile<LayoutA, width>(tiles.a[stage], a, size.m, k, first_m, {k_end, size.m});
      } else {
        begin_tile<LayoutA, width>(tiles.a[stage], a, size.k, first_m, k, {size.m, k_end});
      }
      if (!diagonal) {
        begin_tile<RowsAreK, width>(tiles.b[stage], b, size.n, k, first_n, {k_end, size.n});
      }
    }
    commit_copies();
  };

  WarpTile mine;
  begin(0, k_begin);
  int stage = 0;
  for (int k = k_begin; k < k_end; k += tensor_depth) {
    begin(1 - stage, k + tensor_depth);
    wait_for_copies<1>();  // all but those just begun
    __syncthreads();
    mine.multiply<LayoutA, RowsAreK>(tiles.a[stage], diagonal ? tiles.a[stage] : tiles.b[stage]);
    __syncthreads();
    stage = 1 - stage;
  }
  mine.for_each([&](int i, int j, float sum) {
    if (first_m + i < size.m && first_n + j < size.n) {
      output(item, split, first_m + i, first_n + j, sum);
    }
  });
}

// Copies of 16 bytes need rows that begin at multiples of 16 bytes.
template <bool a_rows_are_k, typename Output>
void tensor_matmul(Stream stream, const MatmulSize& size, const float* a, const float* b,
                   const Output& output) {
  if (size.m == 0 || size.n == 0 || size.items == 0) {
    return;
  }
  const int splits = size.splits();
  const dim3 grid(static_cast<unsigned>(ceil_div(size.m, tensor_edge)),
                  static_cast<unsigned>(ceil_div(size.n, tensor_edge)),
                  static_cast<unsigned>(size.items * splits));
  check(grid.y <= 65535 && grid.z <= 65535,
        "a product of matrices of {} x {} x {}, {} of them, is too large for the CUDA device",
        size.m, size.n, size.k, size.items);
  const int strides = size.n | (a_rows_are_k ? size.m : size.k);
  const auto kernel = strides % 4 == 0 ? tensor_matmul_kernel<a_rows_are_k, 4, Output>
                                       : tensor_matmul_kernel<a_rows_are_k, 1, Output>;
  launch(kernel, grid, tensor_threads, stream, size, splits, a, b, output);
}

}  // namespace gramgrad::cuda
