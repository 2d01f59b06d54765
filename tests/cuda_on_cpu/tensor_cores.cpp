// Compiled without ThreadSanitizer, like fiber.cpp: lanes read each other's registers here.
#include "tests/cuda_on_cpu/tensor_cores.h"

#include <bit>
#include <cmath>

#include "kernels/bf16.h"

namespace gramgrad::cuda_on_cpu {
namespace {

constexpr std::uint32_t kept_bits = 0xffffe000U;
constexpr std::uint32_t exponent = 0x7f800000U;

double tf32(std::uint32_t bits) {
  return std::bit_cast<float>(bits & kept_bits);
}

// Towards zero.
float cut_off(double value) {
  const auto nearest = static_cast<float>(value);
  return std::abs(static_cast<double>(nearest)) > std::abs(value) ? std::nextafter(nearest, 0.0F)
                                                                  : nearest;
}

const TensorOperands& operands(void* const* of_lanes, int group, int in_group) {
  return *static_cast<const TensorOperands*>(of_lanes[4 * group + in_group]);
}

// Row and column of C and the result that a lane holds in d[...]: the same for all shapes m16n8.
float& result_at(void* const* of_lanes, int row, int column) {
  return operands(of_lanes, row % 8, column / 2).d[column % 2 + 2 * (row / 8)];
}

// d[row, column] += sum of a[row][k] b[k][column], eight at a time.
template <int depth>
void multiply(void* const* of_lanes, const double (&a)[16][depth], const double (&b)[depth][8]) {
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      float& result = result_at(of_lanes, row, column);
      for (int first = 0; first < depth; first += 8) {
        double sum = result;
        for (int k = first; k < first + 8; ++k) {
          sum += a[row][k] * b[k][column];
        }
        result = cut_off(sum);
      }
    }
  }
}

double bf16_in(std::uint32_t word, int half) {
  return to_f32(Bf16{static_cast<std::uint16_t>(word >> 16 * half)});
}

}  // namespace

std::uint32_t rounded_to_tf32(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & exponent) == exponent) {
    return std::isnan(value) ? 0x7fffffffU & kept_bits : bits;
  }
  return (bits + 0x1000U) & kept_bits;
}

void multiply_tf32(void* const* of_lanes) {
  double a[16][8];
  double b[8][8];
  for (int group = 0; group < 8; ++group) {
    for (int k = 0; k < 8; ++k) {
      const TensorOperands& lane = operands(of_lanes, group, k % 4);
      a[group][k] = tf32(lane.a[2 * (k / 4)]);
      a[group + 8][k] = tf32(lane.a[1 + 2 * (k / 4)]);
      b[k][group] = tf32(lane.b[k / 4]);
    }
  }
  multiply(of_lanes, a, b);
}

void multiply_bf16(void* const* of_lanes) {
  double a[16][16];
  double b[16][8];
  for (int group = 0; group < 8; ++group) {
    for (int k = 0; k < 16; ++k) {
      const TensorOperands& lane = operands(of_lanes, group, k % 8 / 2);
      a[group][k] = bf16_in(lane.a[2 * (k / 8)], k % 2);
      a[group + 8][k] = bf16_in(lane.a[1 + 2 * (k / 8)], k % 2);
      b[k][group] = bf16_in(lane.b[k / 8], k % 2);
    }
  }
  multiply(of_lanes, a, b);
}

}  // namespace gramgrad::cuda_on_cpu
