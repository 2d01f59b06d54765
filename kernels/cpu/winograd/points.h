// Winograd's convolution F(4x4, 3x3): the numbers behind it (docs/winograd.md explains them).
//
// In one dimension, 4 outputs of a filter of 3 taps over 6 inputs d need 6 products instead of 12:
//   y = A^T [ (G g) * (B^T d) ],
// because polynomials of degrees 3 and 2 are multiplied by multiplying their values at 6 points
// (Toom 1963, Cook 1966; Winograd 1980; Lavin & Gray 2015). In two dimensions the matrices are
// applied to columns, then to rows: 36 products in place of 144.
//
// Points: 0, +-a, +-b, infinity with a = 5/8 and b = 3/2. Every coefficient of A and B is a small
// dyadic fraction, exact in f32, and the rounding error is about 2.2 times smaller than with the
// usual +-1, +-2.
#pragma once

#include <cstdint>

namespace gramgrad::cpu::winograd {

constexpr std::int64_t output_side = 4;  // of a tile, pixels
constexpr std::int64_t input_side = 6;
constexpr std::int64_t products = input_side * input_side;

constexpr double a = 0.625;
constexpr double b = 1.5;
constexpr double a2 = a * a;
constexpr double b2 = b * b;
constexpr double a3 = a2 * a;
constexpr double b3 = b2 * b;

// G, a row for each point p: (1, p, p^2) / prod over the other finite points q of (p - q).
constexpr double at_zero = 1 / (a2 * b2);
constexpr double at_a = 1 / (2 * a2 * (a2 - b2));
constexpr double at_b = 1 / (2 * b2 * (b2 - a2));
constexpr double filter_matrix[6][3] = {
    {at_zero, 0, 0},             // 0
    {at_a, a* at_a, a2* at_a},   // a
    {at_a, -a* at_a, a2* at_a},  // -a
    {at_b, b* at_b, b2* at_b},   // b
    {at_b, -b* at_b, b2* at_b},  // -b
    {0, 0, 1},                   // infinity
};

}  // namespace gramgrad::cpu::winograd
