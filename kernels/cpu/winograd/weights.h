// Filters to U = G g G^T, packed for the products.
#pragma once

#include <cstdint>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/weight_orientation.h"
#include "kernels/shape.h"

namespace gramgrad::cpu {

// The packed weights of one direction of a convolution w [O, 3, 3, I], from `from` to `to`
// channels: 36 matrices [from, to] in panels (panels.h). Small ones are packed for each direction.
// Large ones are packed once, for the convolution itself: its gradient finds them in another order
// (points.h) and transposes a panel at a time, which costs little beside the many tiles that a
// panel is used for.
struct WinogradWeights {
  std::int64_t from, to;
  bool large;  // more than stays in a core's own cache
  WeightOrientation packed;

  WinogradWeights(const Shape& w, WeightOrientation orientation);

  std::int64_t panels() const;
  std::int64_t floats() const;
  // What `panel` needs besides.
  std::int64_t panel_floats() const;
  // A panel of product `product`, [from][panel_width]: inside `u`, or made in `memory`.
  const float* panel(const float* u, std::int64_t product, std::int64_t panel, float* memory) const;
  // What the panel after that one is made of.
  PanelPieces pieces_after(const float* u, std::int64_t product, std::int64_t panel) const;

 private:
  bool transposes_;  // packed for the other direction
  // Panel `panel` of the packed matrix that belongs to `product`.
  const float* packed_panel(const float* u, std::int64_t product, std::int64_t panel) const;
  std::int64_t packed_rows() const { return transposes_ ? to : from; }
  std::int64_t packed_panels() const;
};

// Writes u, packed for that direction. Four times the memory of w: 36 numbers for 9.
void transform_weights(int threads, const float* w, const Shape& shape,
                       WeightOrientation orientation, float* u);

}  // namespace gramgrad::cpu
