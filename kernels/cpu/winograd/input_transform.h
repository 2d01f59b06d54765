// First stage: pixels to V = B^T d B.
#pragma once

#include "kernels/cpu/map_gradient.h"
#include "kernels/cpu/panels.h"
#include "kernels/cpu/winograd/tiles.h"

namespace gramgrad::cpu {

// Transforms tiles [begin, end) of the grid into rows begin - first, ... of v. What is transformed
// is relu_mask * (dy + unpool(dpooled)), formed pixel by pixel and stored nowhere; a plain map is a
// gradient with dy alone. Pooling is 2x2. The map has `padding` zeros before its first row and
// column (negative: that many are skipped) and zeros after its last ones.
struct WinogradInput {
  const MapGradient& map;
  std::int64_t padding;
};
// Tiles are large or wide (points.h).
void transform_input_tiles(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                           std::int64_t first, const TileMatrices<float>& v);
// The same, rounded to bf16: small tiles.
void transform_input_tiles(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                           std::int64_t first, const TileMatrices<Bf16Pair>& v);

}  // namespace gramgrad::cpu
