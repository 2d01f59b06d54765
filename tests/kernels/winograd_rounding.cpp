// The result is y = A^T [sum over channels of U * V] A. Of numbers with random signs the squares of
// the terms add up, and so do those of their errors: with unit variances of x and w, for one output
// channel and input channel, along one side of the map,
//   signal = sum over outputs of the number of taps that see the map,
//   error  = sum over tiles and points p of |row of A^T, p|^2 |row of G, p|^2 |row of B^T, p|^2,
// over those rows and columns that exist, times the squares of the two factors' relative errors. In
// two dimensions both are the products of the two sides'.
#include "tests/kernels/winograd_rounding.h"

#include <algorithm>
#include <cmath>

#include "tests/kernels/winograd_matrices.h"

namespace gramgrad::tests {
namespace {

struct Energies {
  double signal = 0;
  double error = 0;
};

double square(double x) {
  return x * x;
}

// A side of `outputs` pixels from `inputs`, with that padding.
Energies along_a_side(int outputs, int inputs, int padding) {
  const auto exists = [&](int input) { return input >= 0 && input < inputs; };
  Energies sums;
  for (int first = 0; first < outputs; first += 4) {
    const int present = std::min(4, outputs - first);
    for (int k = 0; k < present; ++k) {
      for (int tap = 0; tap < 3; ++tap) {
        sums.signal += exists(first + k + tap - padding) ? 1 : 0;
      }
    }
    for (std::size_t p = 0; p < 6; ++p) {
      double u = 0;
      double v = 0;
      double y = 0;
      for (const double tap : cpu::winograd::Points<4>::filter_matrix[p]) {
        u += square(tap);
      }
      for (int i = 0; i < 6; ++i) {
        v += exists(first + i - padding) ? square(input_matrix<4>[p][static_cast<std::size_t>(i)])
                                         : 0;
      }
      for (int k = 0; k < present; ++k) {
        y += square(output_matrix<4>[static_cast<std::size_t>(k)][p]);
      }
      sums.error += u * v * y;
    }
  }
  return sums;
}

}  // namespace

// Rounding to 8 bits is off by at most 2^-8, evenly distributed: by 2^-8 / sqrt(3) in the mean of
// squares, for each factor. The norm of n random numbers scatters by 1 / sqrt(2 n) of itself; the
// error's and the signal's by four times that together.
double allowed_bf16_l2(const Conv2dSize& size, bool gradient, std::int64_t numbers) {
  const auto side = [&](int length) {
    const int other = length + 2 * size.padding - 2;
    return gradient ? along_a_side(length, other, 2 - size.padding)
                    : along_a_side(other, length, size.padding);
  };
  const Energies rows = side(size.height);
  const Energies columns = side(size.width);
  const double amplification = std::sqrt(rows.error * columns.error / rows.signal / columns.signal);
  const double scatter = 1 + 4 / std::sqrt(static_cast<double>(numbers));
  return amplification * std::sqrt(2.0 / 3) * 0x1p-8 * scatter;
}

}  // namespace gramgrad::tests
