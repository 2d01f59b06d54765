// Winograd's convolution of 3x3 filters: the numbers behind it (docs/winograd.md explains them).
//
// In one dimension, n outputs of a filter of 3 taps over n + 2 inputs d need n + 2 products instead
// of 3 n:
//   y = A^T [ (G g) * (B^T d) ],
// because polynomials of degrees n - 1 and 2 are multiplied by multiplying their values at n + 2
// points (Toom 1963, Cook 1966; Winograd 1980; Lavin & Gray 2015). In two dimensions the matrices
// are applied to columns, then to rows: F(4x4, 3x3) has 36 products in place of 144, F(4x6, 3x3)
// has 48 in place of 216, with twice the rounding error, F(6x6, 3x3) 64 in place of 324, with four
// times the error.
//
// The points are closed under inversion. A filter turned around is its polynomial read backwards,
// whose value at p is p^2 times that of the filter at 1/p; with rows of G that hold (1, p, p^2) /
// |p| just that of the filter at 1/p. So the transformed filter of the gradient is the transformed
// filter itself, its products in another order (`turned`): both directions share one.
#pragma once

#include <cstdint>

#include "kernels/dtype.h"

namespace gramgrad::cpu::winograd {

constexpr std::int64_t halo = 2;  // inputs beyond the outputs, in both directions

struct TileShape {
  std::int64_t height, width;  // outputs

  constexpr std::int64_t input_height() const { return height + halo; }
  constexpr std::int64_t input_width() const { return width + halo; }
  constexpr std::int64_t products() const { return input_height() * input_width(); }
  friend constexpr bool operator==(const TileShape&, const TileShape&) = default;
};
constexpr TileShape small_tile{4, 4};
constexpr TileShape wide_tile{4, 6};
constexpr TileShape large_tile{6, 6};

// What a convolution is, as far as its tiles depend on it.
struct TileChoice {
  DType factors;
  std::int64_t channels;  // on the larger side
  std::int64_t side;      // of the map of outputs, the shorter one
  std::int64_t padding;
};
// In f32 tiles are as large as the promised error allows (docs/winograd.md): it grows with the
// channels that are summed, and with what of the tiles lies outside the map. Rounding to bf16
// leaves nothing to spare.
constexpr TileShape tile_for(const TileChoice& of) {
  if (of.factors == DType::bf16) {
    return small_tile;
  }
  return of.channels <= 256 && of.side >= 8 && of.padding <= 1 ? large_tile : wide_tile;
}

// Products in a running sum: rounding errors grow with it, so that longer ones are added up in
// parts.
constexpr std::int64_t longest_sum(const TileShape& tile) {
  return tile == large_tile ? 32 : 128;
}

// G and the point 1/p of each point p, for that many outputs.
template <std::int64_t outputs>
struct Points;

// 0, +-a, +-b, infinity with a = 2/3 and b = 1/a: about 2.2 times less rounding error than with the
// usual +-1, +-2.
template <>
struct Points<4> {
  static constexpr double a = 2.0 / 3;
  static constexpr double b = 1 / a;
  static constexpr double a2 = a * a;
  static constexpr double b2 = b * b;
  static constexpr double a3 = a2 * a;

  static constexpr double scale = b / (2 * (a2 - b2));  // makes A and B simple
  static constexpr double filter_matrix[6][3] = {
      {1, 0, 0},                      // 0
      {scale * b, scale, scale* a},   // a
      {scale * b, -scale, scale* a},  // -a
      {scale * a, scale, scale* b},   // b
      {scale * a, -scale, scale* b},  // -b
      {0, 0, 1},                      // infinity
  };
  static constexpr std::int64_t inverse[6] = {5, 3, 4, 1, 2, 0};
};

// 0, +-1, +-1/2, +-2, infinity: the best there are for this many, and all of A exact.
template <>
struct Points<6> {
  static constexpr double one = -2.0 / 9;     // 1 / product of (1 - q) over the other points q
  static constexpr double scale = 16.0 / 45;  // 1/2 of the same for 1/2
  static constexpr double filter_matrix[8][3] = {
      {1, 0, 0},                       // 0
      {one, one, one},                 // 1
      {one, -one, one},                // -1
      {scale * 2, scale, scale / 2},   // 1/2
      {scale * 2, -scale, scale / 2},  // -1/2
      {scale / 2, scale, scale * 2},   // 2
      {scale / 2, -scale, scale * 2},  // -2
      {0, 0, 1},                       // infinity
  };
  static constexpr std::int64_t inverse[8] = {7, 1, 2, 5, 6, 3, 4, 0};
};

// The product of the filter that is, for the filter turned by 180 degrees, product `product`.
constexpr std::int64_t turned(const TileShape& tile, std::int64_t product) {
  const auto inverse = [](std::int64_t outputs, std::int64_t point) {
    return outputs == 4 ? Points<4>::inverse[point] : Points<6>::inverse[point];
  };
  const std::int64_t columns = tile.input_width();
  return inverse(tile.height, product / columns) * columns + inverse(tile.width, product % columns);
}

}  // namespace gramgrad::cpu::winograd
