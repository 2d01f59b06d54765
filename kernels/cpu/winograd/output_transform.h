// Last stage: M to output pixels y = A^T m A, with all that happens to them before they are stored.
#pragma once

#include "kernels/cpu/winograd/tiles.h"
#include "kernels/ops.h"

namespace gramgrad::cpu {

// One image. Null: not wanted.
struct WinogradOutput {
  std::int64_t height, width, channels;
  const float* bias = nullptr;  // [channels]
  bool relu = false;
  bool accumulate = false;  // y += the convolution; without bias, ReLU and pooling
  float* y = nullptr;       // [height, width, channels]
  std::uint8_t* relu_mask = nullptr;
  PoolKind pool = PoolKind::none;
  float* pooled = nullptr;  // [height/2, width/2, channels]
  std::uint8_t* winners = nullptr;
};

// Tiles [begin, end) of the grid, from rows begin - first, ... of m.
void transform_output_tiles(const TileMatrices<float>& m, std::int64_t first, const TileGrid& grid,
                            const TileRange& tiles, const WinogradOutput& output);

}  // namespace gramgrad::cpu
