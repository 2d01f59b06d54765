// Winograd's convolution F(4x4, 3x3): the numbers behind it (docs/winograd.md explains them).
//
// In one dimension, 4 outputs of a filter of 3 taps over 6 inputs d need 6 products instead of 12:
//   y = A^T [ (G g) * (B^T d) ],
// because polynomials of degrees 3 and 2 are multiplied by multiplying their values at 6 points
// (Toom 1963, Cook 1966; Winograd 1980; Lavin & Gray 2015). In two dimensions the matrices are
// applied to columns, then to rows: 36 products in place of 144.
//
// Points: 0, +-a, +-b, infinity with a = 2/3 and b = 1/a: about 2.2 times less rounding error than
// with the usual +-1, +-2, and closed under inversion. A filter turned around is its polynomial
// read backwards, whose value at p is p^2 times that of the filter at 1/p; with the scale of
// `filter_matrix` just that of the filter at 1/p. So the transformed filter of the gradient is the
// transformed filter itself, its products in another order (`turned`): both directions share one.
#pragma once

#include <cstdint>

namespace gramgrad::cpu::winograd {

constexpr std::int64_t output_side = 4;  // of a tile, pixels
constexpr std::int64_t input_side = 6;
constexpr std::int64_t products = input_side * input_side;

constexpr double a = 2.0 / 3;
constexpr double b = 1 / a;
constexpr double a2 = a * a;
constexpr double b2 = b * b;
constexpr double a3 = a2 * a;

// G, a row for each point p: the values of the filter's polynomial, (1, p, p^2) / |p| for the
// finite points other than 0, times what makes A and B simple.
constexpr double scale = b / (2 * (a2 - b2));
constexpr double filter_matrix[6][3] = {
    {1, 0, 0},                      // 0
    {scale * b, scale, scale* a},   // a
    {scale * b, -scale, scale* a},  // -a
    {scale * a, scale, scale* b},   // b
    {scale * a, -scale, scale* b},  // -b
    {0, 0, 1},                      // infinity
};

// The point 1/p of each point p.
constexpr std::int64_t inverse_point[6] = {5, 3, 4, 1, 2, 0};

// The product of the filter that is, for the filter turned by 180 degrees, product `product`.
constexpr std::int64_t turned(std::int64_t product) {
  return inverse_point[product / input_side] * input_side + inverse_point[product % input_side];
}

}  // namespace gramgrad::cpu::winograd
