// The tile kernel on tensor cores, for GPUs from compute capability 8.0:
//
//   C[m, n] = sum over k of A(m, k) B(k, n)
//
// of each item, with sums in f32. Factors are f32, which are rounded to TF32 (10 bits of mantissa),
// or bf16. B is a row-major matrix [k, n]; A is [m, k], or [k, m] where `a_rows_are_k`. Tiles
// travel from global to shared memory in asynchronous copies, two stages deep: while one is
// multiplied, the next is on its way. Which lane holds what of an operand: PTX ISA, "Matrix
// Fragments for mma.m16n8k8" and "... mma.m16n8k16". A lane's register is a word: one f32, or two
// bf16 that are neighbours in k.
#pragma once

#include <type_traits>

#include "kernels/cuda/split_matmul.cuh"

namespace gramgrad::cuda {

constexpr int tensor_edge = 64;         // a block computes 64 x 64 outputs,
constexpr int tensor_depth_words = 32;  // 32 words of terms at a time;
constexpr int warp_edge = 32;           // a warp 32 x 32 of them:
constexpr int tensor_threads = 128;     // four warps.

template <typename T>
constexpr int per_word = static_cast<int>(4 / sizeof(T));
template <typename T>
constexpr int tensor_depth = tensor_depth_words* per_word<T>;
template <typename T>
using Word = std::conditional_t<std::is_same_v<T, Bf16>, unsigned, float>;

// Tiles lie row-major in shared memory. Both layouts' pitches, in words, put the 32 words that a
// warp reads together, eight lanes apart in one direction and four in the other, into 32 different
// banks. A lane reads its words for a row (or column) x of the upper eight of 16 and for another of
// the lower eight: read(both, ...). place(x, half) says which of the 16 these are.
template <typename T>
struct RowsAreK {
  static constexpr int rows = tensor_depth<T>, columns = tensor_edge;
  static constexpr int pitch = (tensor_edge + 8) / per_word<T>;
  static constexpr bool paired = std::is_same_v<T, Bf16>;

  // In bf16, neighbours in a word are neighbours in m or n, and a lane takes two of them, which it
  // gets with one load a row: the 16 are dealt out in another order.
  __device__ static int place(int x, int half) { return paired ? 2 * x + half : x + 8 * half; }
  __device__ static void read(unsigned (&both)[2], const Word<T>* tile, int first, int x, int k) {
    if constexpr (paired) {
      const unsigned* words = tile + k * pitch + first / 2 + x;
      const unsigned even = words[0];
      const unsigned odd = words[pitch];
      both[0] = (even & 0xffffU) | odd << 16;
      both[1] = even >> 16 | (odd & 0xffff0000U);
    } else {
      both[0] = to_tf32(tile[k * pitch + first + place(x, 0)]);
      both[1] = to_tf32(tile[k * pitch + first + place(x, 1)]);
    }
  }
};

template <typename T>
struct ColumnsAreK {
  static constexpr int rows = tensor_edge, columns = tensor_depth<T>;
  static constexpr int pitch = tensor_depth_words + 4;

  __device__ static int place(int x, int half) { return x + 8 * half; }
  __device__ static void read(unsigned (&both)[2], const Word<T>* tile, int first, int x, int k) {
    for (int half = 0; half < 2; ++half) {
      const Word<T> word = tile[(first + place(x, half)) * pitch + k / per_word<T>];
      if constexpr (std::is_same_v<T, Bf16>) {
        both[half] = word;
      } else {
        both[half] = to_tf32(word);
      }
    }
  }
};

constexpr int tensor_tile = RowsAreK<float>::rows * RowsAreK<float>::pitch;  // words
static_assert(tensor_tile == RowsAreK<Bf16>::rows * RowsAreK<Bf16>::pitch);
static_assert(tensor_tile == ColumnsAreK<float>::rows * ColumnsAreK<float>::pitch);

template <typename T>
struct alignas(16) TensorTiles {
  Word<T> a[2][tensor_tile];  // of each stage
  Word<T> b[2][tensor_tile];
};

// Where a matrix ends for a block, in rows and columns.
struct MatrixEnd {
  int row, column;
};

// Begins copying the tile at (row, column); zeros beyond the end. `width`: elements that one copy
// takes along.
template <typename Layout, int width, typename T>
__device__ void begin_tile(Word<T>* tile, const T* matrix, int stride, int row, int column,
                           const MatrixEnd& end) {
  constexpr int per_row = Layout::columns / width;
  for (int i = static_cast<int>(threadIdx.x); i < Layout::rows * per_row; i += tensor_threads) {
    const int r = i / per_row;
    const int c = i % per_row * width;
    const bool inside = row + r < end.row && column + c < end.column;
    const T* from = inside ? matrix + static_cast<Index>(row + r) * stride + column + c : matrix;
    copy_async<width * sizeof(T)>(tile + r * Layout::pitch + c / per_word<T>, from, inside);
  }
}

// d += a b by a warp.
template <typename T>
__device__ void multiply_on_tensor_cores(float (&d)[4], const unsigned (&a)[4],
                                         const unsigned (&b)[2]) {
  if constexpr (std::is_same_v<T, Bf16>) {
    multiply_bf16(d, a, b);
  } else {
    multiply_tf32(d, a, b);
  }
}

// What one warp computes of the block's tile.
template <typename T, typename LayoutA, typename LayoutB>
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

  // A register is for the first four words of an instruction's terms, or for the last four.
  __device__ void multiply(const Word<T>* a, const Word<T>* b) {
#pragma unroll
    for (int step = 0; step < tensor_depth_words; step += 8) {
      unsigned rows[2][4];
      unsigned columns[4][2];
      for (int part = 0; part < 2; ++part) {
        const int k = (step + 4 * part + in_group()) * per_word<T>;
        for (int i = 0; i < 2; ++i) {
          unsigned both[2];
          LayoutA::read(both, a, row + 16 * i, group(), k);
          rows[i][2 * part] = both[0];
          rows[i][2 * part + 1] = both[1];
          LayoutB::read(both, b, column + 16 * i, group(), k);
          columns[2 * i][part] = both[0];
          columns[2 * i + 1][part] = both[1];
        }
      }
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 4; ++j) {
          multiply_on_tensor_cores<T>(sums[i][j], rows[i], columns[j]);
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
          use(row + 16 * i + LayoutA::place(group(), r / 2),
              column + 16 * (j / 2) + LayoutB::place(2 * in_group() + r % 2, j % 2), sums[i][j][r]);
        }
      }
    }
  }
};

// Grid: tiles in m, tiles in n, items times splits. Where only the upper half is wanted, A and B
// are one matrix, and a tile on the diagonal is loaded once.
template <bool a_rows_are_k, int width, typename T, typename Output>
__global__ void __launch_bounds__(tensor_threads)
    tensor_matmul_kernel(MatmulSize size, int splits, const T* a, const T* b, Output output) {
  using LayoutA = std::conditional_t<a_rows_are_k, RowsAreK<T>, ColumnsAreK<T>>;
  using LayoutB = RowsAreK<T>;
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
  TensorTiles<T>& tiles = shared_memory<TensorTiles<T>>();

  const auto begin = [&](int stage, int k) {
    if (k < k_end) {
      if constexpr (a_rows_are_k) {
        begin_tile<LayoutA, width>(tiles.a[stage], a, size.m, k, first_m, {k_end, size.m});
      } else {
        begin_tile<LayoutA, width>(tiles.a[stage], a, size.k, first_m, k, {size.m, k_end});
      }
      if (!diagonal) {
        begin_tile<LayoutB, width>(tiles.b[stage], b, size.n, k, first_n, {k_end, size.n});
      }
    }
    commit_copies();
  };

  WarpTile<T, LayoutA, LayoutB> mine;
  begin(0, k_begin);
  int stage = 0;
  for (int k = k_begin; k < k_end; k += tensor_depth<T>) {
    begin(1 - stage, k + tensor_depth<T>);
    wait_for_copies<1>();  // all but those just begun
    __syncthreads();
    mine.multiply(tiles.a[stage], diagonal ? tiles.a[stage] : tiles.b[stage]);
    __syncthreads();
    stage = 1 - stage;
  }
  mine.for_each([&](int i, int j, float sum) {
    if (first_m + i < size.m && first_n + j < size.n) {
      output(item, split, first_m + i, first_n + j, sum);
    }
  });
}

// Copies of 16 bytes need rows that begin at multiples of 16 bytes; others are of one word, and
// need rows that begin with a word.
template <bool a_rows_are_k, typename T, typename Output>
void tensor_matmul(Stream stream, const MatmulSize& size, const T* a, const T* b,
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
  constexpr int wide = 4 * per_word<T>;
  const auto kernel = strides % wide == 0
                          ? tensor_matmul_kernel<a_rows_are_k, wide, T, Output>
                          : tensor_matmul_kernel<a_rows_are_k, per_word<T>, T, Output>;
  launch(kernel, grid, tensor_threads, stream, size, splits, a, b, output);
}

}  // namespace gramgrad::cuda
