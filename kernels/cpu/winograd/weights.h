// Filters to U = G g G^T, packed for the products.
#pragma once

#include <cstdint>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/weight_orientation.h"
#include "kernels/cpu/winograd/points.h"
#include "kernels/dtype.h"
#include "kernels/shape.h"

namespace gramgrad::cpu {

// The packed weights of one direction of a convolution w [O, 3, 3, I], from `from` to `to`
// channels: a matrix [from, to] for each product in panels (panels.h), as f32, or as bf16 in pairs
// of rows. Small ones are packed for each direction, and so are those in bf16. Large ones in f32
// are packed once, for the convolution itself: its gradient finds them in another order (points.h)
// and transposes two panels at a time, which costs little beside the many tiles that a panel is
// used for.
struct WinogradWeights {
  struct PanelRange {
    std::int64_t begin, end;
  };

  std::int64_t from, to;
  DType dtype;  // f32 or bf16; in memory, elements of 32 bits: floats or Bf16Pair
  winograd::TileShape tile_shape;
  bool large;  // more than stays in a core's own cache
  WeightOrientation packed;

  // `map` [N, H, W, C]: what the convolution computes, from a map with that padding.
  WinogradWeights(const Shape& w, WeightOrientation orientation, DType dtype, const Shape& map,
                  std::int64_t padding);

  std::int64_t products() const { return tile_shape.products(); }
  std::int64_t panels() const { return panels_; }
  // Of a panel, and of M: `to`, rounded up to whole panels.
  std::int64_t panel_columns() const { return width_; }
  std::int64_t columns() const { return panels_ * width_; }
  // Rows of a panel, and elements of a row of V: `from`, or its pairs.
  std::int64_t inner() const;
  std::int64_t elements() const;
  // How many panels `some_panels` gives at most, and the memory that it needs for them.
  std::int64_t most_panels() const { return transposes_ ? 2 : panels(); }
  std::int64_t panel_memory() const;
  // Some panels of product `product`, each [inner][panel_width]: inside `u`, or made in `memory`.
  template <typename T>
  const T* some_panels(const T* u, std::int64_t product, PanelRange range, T* memory) const;
  // What a panel, and the one after it, is made of: nothing beyond the last product.
  template <typename T>
  PanelPieces<T> pieces_of(const T* u, std::int64_t product, std::int64_t panel) const;

 private:
  bool transposes_;  // packed for the other direction
  // Asked for with every product: panel_width() would choose among the instruction sets each time.
  std::int64_t width_, panels_, packed_panels_;
  // Where panel `panel` of the packed matrix that belongs to `product` begins.
  std::int64_t packed_panel(std::int64_t product, std::int64_t panel) const;
  std::int64_t packed_rows() const { return transposes_ ? to : inner(); }
};

// Writes the elements of u for w [O, 3, 3, I]. 48 numbers, or 64, for 9.
void transform_weights(int threads, const float* w, const Shape& shape,
                       const WinogradWeights& weights, void* u);

}  // namespace gramgrad::cpu
