// How a map is cut into tiles, and where transformed tiles lie.
#pragma once

#include <cstdint>

#include "kernels/cpu/cache.h"
#include "kernels/cpu/ceil_div.h"
#include "kernels/cpu/winograd/points.h"

namespace gramgrad::cpu {

// The output map's tiles, counted row by row; the last ones may stick out.
struct TileGrid {
  TileGrid(std::int64_t height, std::int64_t width, const winograd::TileShape& shape)
      : tile_shape(shape),
        rows(ceil_div(height, tile_shape.height)),
        columns(ceil_div(width, tile_shape.width)) {}

  std::int64_t count() const { return rows * columns; }
  // The first output row and column of a tile.
  std::int64_t top(std::int64_t tile) const { return tile / columns * tile_shape.height; }
  std::int64_t left(std::int64_t tile) const { return tile % columns * tile_shape.width; }

  winograd::TileShape tile_shape;
  std::int64_t rows, columns;
};

struct TileRange {
  std::int64_t begin, end;
};

// A matrix for each product: a row for each tile of a block, a column for each channel, or
// for each pair of channels of Bf16Pair (panels.h). Neighbouring channels and neighbouring tiles
// are neighbours in memory, as in NHWC maps. In no cache, `memory` begins with a line of them and
// each row is whole lines.
template <typename T>
struct TileMatrices {
  // Rows with padding between the matrices: strides that are powers of two would put all of
  // them into the same few sets of the cache.
  TileMatrices(T* memory, std::int64_t tiles, std::int64_t row_elements, Cache held_in = Cache::own)
      : data(memory),
        row_stride(row_elements),
        matrix_stride(stride(tiles, row_elements)),
        cache(held_in) {}

  static std::int64_t stride(std::int64_t tiles, std::int64_t row_elements) {
    return (ceil_div(tiles * row_elements, cache_line_floats) + 1) * cache_line_floats;
  }
  T* row(std::int64_t product, std::int64_t tile) const {
    return data + product * matrix_stride + tile * row_stride;
  }

  T* data;
  std::int64_t row_stride, matrix_stride;
  Cache cache;
};

}  // namespace gramgrad::cpu
