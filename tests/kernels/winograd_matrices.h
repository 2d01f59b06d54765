// Winograd's matrices in f64, as formulas of errors need them; G is in points.h.
#pragma once

#include <array>
#include <cstddef>

#include "kernels/cpu/winograd/points.h"

namespace gramgrad::tests {

// B^T, as transforms_inl.h explains it.
inline constexpr std::array<std::array<double, 6>, 6> input_matrix = [] {
  namespace w = cpu::winograd;
  constexpr double sum = w::a2 + w::b2;
  return std::array<std::array<double, 6>, 6>{{{1, 0, -sum, 0, 1, 0},
                                               {0, -w::b, -w::b2, w::a, 1, 0},
                                               {0, w::b, -w::b2, -w::a, 1, 0},
                                               {0, -w::a, -w::a2, w::b, 1, 0},
                                               {0, w::a, -w::a2, -w::b, 1, 0},
                                               {0, 1, 0, -sum, 0, 1}}};
}();

// A^T: p^i for each finite point p, times -a^2 for p = +-b; infinity counts in the last row only.
inline constexpr std::array<std::array<double, 6>, 4> output_matrix = [] {
  namespace w = cpu::winograd;
  std::array<std::array<double, 6>, 4> rows{};
  double a = 1;
  double b = -w::a2;
  double sign = 1;
  for (auto& row : rows) {
    row = {0, a, sign * a, b, sign * b, 0};
    a *= w::a;
    b *= w::b;
    sign = -sign;
  }
  rows[0][0] = 1;
  rows[3][5] = 1;
  return rows;
}();

}  // namespace gramgrad::tests
