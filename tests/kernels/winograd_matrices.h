// Winograd's matrices in f64, as formulas of errors need them; G is in points.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/winograd/points.h"

namespace gramgrad::tests {

template <std::size_t rows, std::size_t columns>
using Matrix = std::array<std::array<double, columns>, rows>;

// B^T and A^T for that many outputs, as transforms_inl.h explains them.
template <std::int64_t outputs>
inline constexpr Matrix<outputs + 2, outputs + 2> input_matrix;
template <std::int64_t outputs>
inline constexpr Matrix<outputs, outputs + 2> output_matrix;

template <>
inline constexpr Matrix<6, 6> input_matrix<4> = [] {
  using P = cpu::winograd::Points<4>;
  constexpr double sum = P::a2 + P::b2;
  return Matrix<6, 6>{{{1, 0, -sum, 0, 1, 0},
                       {0, -P::b, -P::b2, P::a, 1, 0},
                       {0, P::b, -P::b2, -P::a, 1, 0},
                       {0, -P::a, -P::a2, P::b, 1, 0},
                       {0, P::a, -P::a2, -P::b, 1, 0},
                       {0, 1, 0, -sum, 0, 1}}};
}();

template <>
inline constexpr Matrix<8, 8> input_matrix<6>{{{1, 0, -5.25, 0, 5.25, 0, -1, 0},
                                               {0, 1, 1, -4.25, -4.25, 1, 1, 0},
                                               {0, -1, 1, 4.25, -4.25, -1, 1, 0},
                                               {0, 2, 4, -2.5, -5, 0.5, 1, 0},
                                               {0, -2, 4, 2.5, -5, -0.5, 1, 0},
                                               {0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
                                               {0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
                                               {0, -1, 0, 5.25, 0, -5.25, 0, 1}}};

// p^i for each finite point p, times -a^2 for p = +-b; infinity counts in the last row only.
template <>
inline constexpr Matrix<4, 6> output_matrix<4> = [] {
  using P = cpu::winograd::Points<4>;
  Matrix<4, 6> rows{};
  double a = 1;
  double b = -P::a2;
  double sign = 1;
  for (auto& row : rows) {
    row = {0, a, sign * a, b, sign * b, 0};
    a *= P::a;
    b *= P::b;
    sign = -sign;
  }
  rows[0][0] = 1;
  rows[3][5] = 1;
  return rows;
}();

// p^i for each finite point p, times 1/16 for p = +-2; infinity counts in the last row only.
template <>
inline constexpr Matrix<6, 8> output_matrix<6> = [] {
  Matrix<6, 8> rows{};
  double half = 1;
  double two = 1.0 / 16;
  double sign = 1;
  for (auto& row : rows) {
    row = {0, 1, sign, half, sign * half, two, sign * two, 0};
    half /= 2;
    two *= 2;
    sign = -sign;
  }
  rows[0][0] = 1;
  rows[5][7] = 1;
  return rows;
}();

// B^T d B of a tile of pixels; a term whose coefficient is 0 is none.
template <std::size_t rows, std::size_t columns, typename Term>
Matrix<rows, columns> transformed_input(const Matrix<rows, columns>& d, const Term& term) {
  const auto& down = input_matrix<rows - 2>;
  const auto& across = input_matrix<columns - 2>;
  Matrix<rows, columns> v{};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t s = 0; s < columns; ++s) {
          if (down[i][r] != 0 && across[j][s] != 0) {
            v[i][j] += term(down[i][r] * d[r][s] * across[j][s]);
          }
        }
      }
    }
  }
  return v;
}

// Element (i, j) of G g G^T for a filter that is given by its taps.
template <cpu::winograd::TileShape tile, typename Tap>
double transformed_filter(const Tap& tap, std::size_t i, std::size_t j) {
  const auto& down = cpu::winograd::Points<tile.height>::filter_matrix[i];
  const auto& across = cpu::winograd::Points<tile.width>::filter_matrix[j];
  double value = 0;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t s = 0; s < 3; ++s) {
      value += down[r] * tap(r, s) * across[s];
    }
  }
  return value;
}

}  // namespace gramgrad::tests
