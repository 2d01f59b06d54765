// Filters to U = G g G^T, packed for the products.
#pragma once

#include <cstdint>

#include "kernels/cpu/weight_orientation.h"
#include "kernels/shape.h"

namespace gramgrad::cpu {

// Packed weights of a convolution from `from` to `to` channels:
// [product][panel][from][panel_width], panels as in panels.h; columns beyond `to` are 0.
struct WinogradWeights {
  std::int64_t from, to;

  // Of the convolution w [O, 3, 3, I] itself, or of its gradient's, from O to I channels.
  WinogradWeights(const Shape& w, WeightOrientation orientation);
  std::int64_t panels() const;
  std::int64_t floats() const;
  const float* panel(const float* u, std::int64_t product, std::int64_t panel) const;
  // The next panel in memory, or null.
  const float* panel_after(const float* u, std::int64_t product, std::int64_t panel) const;
};

// Writes u. Four times the memory of w: 36 numbers for 9.
void transform_weights(int threads, const float* w, const Shape& shape,
                       WeightOrientation orientation, float* u);

}  // namespace gramgrad::cpu
