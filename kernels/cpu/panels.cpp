// Products of rows with panels.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/panels.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bits_inl.h"
#include "kernels/cpu/micro_kernel_inl.h"
#include "kernels/cpu/relu_inl.h"

#include <hwy/cache_control.h>

#include <algorithm>

#include "kernels/cpu/arguments.h"
#include "kernels/cpu/ceil_div.h"
#include "kernels/cpu/panels.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// What the micro-kernel holds in registers: enough sums to hide their latency, and few loads for
// each multiplication, because they are what a second hardware thread of the core competes for.
// AVX-512 has 32 registers and takes 6 rows x 4 vectors, others have 16 and take 6 x 2.
constexpr int product_rows = 6;
constexpr int most_panels = lanes == 16 ? 2 : 1;
// Whether the vectors that a tile writes one after the other fill lines of the cache.
constexpr bool fills_lines = width * sizeof(float) % cache_line_bytes == 0;

std::int64_t product_rows_here() {
  return product_rows;
}

// What comes into the caches while a tile is computed, so many bytes with each row of its panels.
// Where nothing is wanted, an address that is there already, and steps of 0.
struct Ahead {
  const char* piece;  // into the second-level cache
  std::int64_t piece_rows, piece_stride = 0, piece_step = 0;
  const char* next_x;  // into the first-level cache
  std::int64_t next_x_step = 0;
};

// Brings the part of y that a tile writes to the first-level cache. Not in multiply_tile, which
// needs all registers for its loop.
template <int rows, int columns>
HWY_INLINE void prefetch_tile(const float* y, std::int64_t y_stride) {
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; c += lanes) {
      __builtin_prefetch(y + r * y_stride + c, 1, 3);
    }
  }
}

// `rows` rows of the result, from one or two panels.
template <class T>
struct ProductTile {
  const T* x;
  std::int64_t x_stride;
  const T* b;
  std::int64_t inner;
  std::int64_t longest_sum;
  float* y;
  std::int64_t y_stride;
  bool accumulate;
  Cache y_cache;
  BiasAndRelu finish;   // bias null: none
  std::int64_t column;  // of the first panel
  Ahead ahead;
};

HWY_INLINE V finished(V sum, const BiasAndRelu& finish, std::int64_t row, std::int64_t column) {
  sum = hn::Add(sum, hn::LoadU(Tag(), finish.bias + column));
  if (finish.mask != nullptr) {
    store_bits(Tag(), hn::Gt(sum, hn::Zero(Tag())), finish.mask + row * finish.mask_stride,
               static_cast<std::size_t>(column));
  }
  return rectified(Tag(), sum);
}

// Not inlined, so that the inner loop has all registers for itself.
template <int rows, int panels, class T>
HWY_NOINLINE void multiply_tile(const ProductTile<T>& tile) {
  constexpr int vectors = 2 * panels;
  float* const y = tile.y;
  const std::int64_t y_stride = tile.y_stride;
  V sums[rows][vectors];
  clear(sums);
  V parts[rows][vectors];  // in memory
  bool in_parts = false;
  const std::int64_t x_stride = tile.x_stride;
  const std::int64_t panel_stride = tile.inner * width;
  const std::int64_t piece_step = tile.ahead.piece_step;
  const std::int64_t next_x_step = tile.ahead.next_x_step;
  const char* piece = tile.ahead.piece;
  const char* ahead = piece;
  const char* next_x = tile.ahead.next_x;
  const T* x = tile.x;
  const T* b = tile.b;
  const T* const end = b + panel_stride;
  const T* piece_end = b + tile.ahead.piece_rows * width;
  const std::int64_t part_step = tile.longest_sum * width;
  const T* part_end = b + part_step;
  for (;;) {
    for (const T* const stop = std::min({piece_end, part_end, end}); b != stop; b += width) {
      __builtin_prefetch(ahead, 0, 2);
      __builtin_prefetch(next_x, 0, 3);
      add_outer_product(x, x_stride, b, panel_stride, sums);
      ahead += piece_step;
      next_x += next_x_step;
      ++x;
    }
    if (b == end) {
      break;
    }
    if (b == piece_end) {
      piece += tile.ahead.piece_stride;
      ahead = piece;
      piece_end += tile.ahead.piece_rows * width;
    }
    if (b == part_end) {
      if (in_parts) {
        add(sums, parts);
      } else {
        copy(sums, parts);
        in_parts = true;
      }
      clear(sums);
      part_end += part_step;
    }
  }
  if (in_parts) {
    add(parts, sums);
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      float* to = y + r * y_stride + v * lanes;
      if (tile.accumulate) {
        sums[r][v] = hn::Add(hn::LoadU(Tag(), to), sums[r][v]);
      }
      if (tile.finish.bias != nullptr) {
        sums[r][v] = finished(sums[r][v], tile.finish, r, tile.column + v * lanes);
      }
      if (fills_lines && tile.y_cache == Cache::none) {
        hn::Stream(sums[r][v], Tag(), to);
      } else {
        hn::StoreU(sums[r][v], Tag(), to);
      }
    }
  }
}

// The same where only `columns` of the panels are columns of the result.
template <int rows, int panels, class T>
HWY_NOINLINE void multiply_part_of_tile(const ProductTile<T>& part, std::int64_t columns) {
  HWY_ALIGN float sums[rows][panels * width];
  ProductTile<T> tile = part;
  tile.y = sums[0];
  tile.y_stride = panels * width;
  tile.accumulate = false;
  tile.y_cache = Cache::own;
  tile.finish = {};
  multiply_tile<rows, panels>(tile);
  for (int r = 0; r < rows; ++r) {
    float* to = part.y + r * part.y_stride;
    for (std::int64_t c = 0; c < columns; ++c) {
      to[c] = part.accumulate ? to[c] + sums[r][c] : sums[r][c];
    }
  }
}

// One or two panels, from row `first` on: tiles of `rows`, then what is left in smaller ones. Each
// tile brings its share of `next`.
template <int rows, int panels, class T>
HWY_INLINE void multiply_panels(const RowProduct<T>& m, std::int64_t first, std::int64_t column,
                                const PanelPieces<T>& next) {
  if constexpr (rows > 0) {
    constexpr auto size = static_cast<std::int64_t>(sizeof(T));
    constexpr std::int64_t row_bytes = panels * width * size;
    const std::int64_t columns = std::min(panels * width, m.columns - column);
    const std::int64_t tiles = (m.rows - first) / rows;
    const T* x = m.x + first * m.x_stride;
    ProductTile<T> tile{.x = x,
                        .x_stride = m.x_stride,
                        .b = m.b + column * m.inner,
                        .inner = m.inner,
                        .longest_sum = m.longest_sum,
                        .y = m.y + first * m.y_stride + column,
                        .y_stride = m.y_stride,
                        .accumulate = m.accumulate,
                        .y_cache = m.y_cache,
                        .finish = m.finish != nullptr ? *m.finish : BiasAndRelu{},
                        .column = column,
                        .ahead = {.piece = reinterpret_cast<const char*>(x),
                                  .piece_rows = m.inner,
                                  .next_x = reinterpret_cast<const char*>(x)}};
    tile.finish.mask = advanced(tile.finish.mask, first * tile.finish.mask_stride);
    const bool brings_piece = next.memory != nullptr && rows == product_rows;
    if (brings_piece) {
      tile.ahead.piece_rows = next.rows;
      tile.ahead.piece_stride = next.stride * size;
      tile.ahead.piece_step = ceil_div(row_bytes, std::max<std::int64_t>(1, tiles));
    }
    const bool brings_x = (m.far_x || m.next_x != nullptr) && column == 0;
    for (std::int64_t i = 0; i < tiles; ++i) {
      if (brings_piece) {
        const std::int64_t step = tile.ahead.piece_step;
        const std::int64_t part = std::min(i * step, row_bytes - step) * next.rows;
        tile.ahead.piece = reinterpret_cast<const char*>(next.memory) + part;
      }
      if (brings_x) {
        const bool last = m.next_x == nullptr && i + 1 == tiles;
        const T* next_x = m.next_x != nullptr ? m.next_x + (first + i * rows) * m.x_stride
                                              : tile.x + (last ? 0 : rows * m.x_stride);
        tile.ahead.next_x = reinterpret_cast<const char*>(next_x);
        tile.ahead.next_x_step = last ? 0 : rows * size;
      }
      if (m.y_cache == Cache::shared) {
        prefetch_tile<rows, panels * width>(tile.y, m.y_stride);
      }
      if (columns == panels * width) {
        multiply_tile<rows, panels>(tile);
      } else {
        multiply_part_of_tile<rows, panels>(tile, columns);
      }
      tile.x += rows * m.x_stride;
      tile.y += rows * m.y_stride;
      tile.finish.mask = advanced(tile.finish.mask, rows * tile.finish.mask_stride);
    }
    multiply_panels<rows == product_rows ? 4 : rows / 2, panels>(m, first + tiles * rows, column,
                                                                 next);
  }
}

template <class T>
HWY_INLINE void multiply(const RowProduct<T>& m) {
  constexpr std::int64_t together = most_panels * width;
  for (std::int64_t column = 0; column < m.columns; column += together) {
    const std::int64_t end = column + together;
    const PanelPieces<T> next =
        end < m.columns ? PanelPieces<T>{.memory = m.b + end * m.inner, .rows = m.inner} : m.next;
    if (m.columns - column > width) {
      multiply_panels<product_rows, most_panels>(m, 0, column, next);
    } else {
      multiply_panels<product_rows, 1>(m, 0, column, next);
    }
  }
  if (m.y_cache == Cache::none) {
    hwy::FlushStream();
  }
}

void multiply_floats(const RowProduct<float>& m) {
  multiply(m);
}
void multiply_pairs(const RowProduct<Bf16Pair>& m) {
  multiply(m);
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(product_rows_here);
HWY_EXPORT(multiply_floats);
HWY_EXPORT(multiply_pairs);

std::int64_t product_rows() {
  return HWY_DYNAMIC_DISPATCH(product_rows_here)();
}
void multiply_rows(const RowProduct<float>& product) {
  HWY_DYNAMIC_DISPATCH(multiply_floats)(product);
}
void multiply_rows(const RowProduct<Bf16Pair>& product) {
  HWY_DYNAMIC_DISPATCH(multiply_pairs)(product);
}

bool multiplies_bf16() {
#if HWY_ARCH_X86
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace gramgrad::cpu
#endif
