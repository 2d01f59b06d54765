// Random inputs of operator cases.
#include <cmath>
#include <limits>
#include <random>

#include "tests/kernels/cases.h"

namespace gramgrad::tests {
namespace {

// A generator of its own for each name, so that no tensor depends on which others there are.
std::mt19937_64 generator(std::uint64_t seed, std::string_view name) {
  std::seed_seq sequence(name.begin(), name.end());
  std::uint32_t mixed = 0;
  sequence.generate(&mixed, &mixed + 1);
  return std::mt19937_64(seed * 0x9E3779B97F4A7C15ULL + mixed);
}

// Multiples of 2^-bits; with 22 bits just exact in f32.
std::vector<double> uniform(std::uint64_t seed, std::string_view name, std::int64_t count,
                            int bits) {
  std::mt19937_64 random = generator(seed, name);
  const double steps = std::ldexp(1.0, bits);
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (double& number : numbers) {
    number = static_cast<double>(random() >> (63 - bits)) / steps - 1;
  }
  return numbers;
}

std::vector<double> poison(const Shape& shape) {
  return std::vector<double>(static_cast<std::size_t>(shape.size()),
                             std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

Tensor Inputs::map(const Shape& shape, std::vector<double> numbers) const {
  if (options_.bf16_maps) {
    for (double& number : numbers) {
      number = to_f32(to_bf16(static_cast<float>(number)));
    }
  }
  return Tensor::from_host<double>(device_, shape, options_.dtype, numbers);
}

std::vector<double> Inputs::numbers(std::string_view name, const Shape& shape, Role role) const {
  std::vector<double> numbers = uniform(options_.seed, name, shape.size(), options_.bits);
  if (options_.magnitudes) {
    for (double& number : numbers) {
      number = role == Role::added ? std::abs(number) : -std::abs(number);
    }
  }
  return numbers;
}

Tensor Inputs::signed_values(std::string_view name, const Shape& shape) const {
  return map(shape, uniform(options_.seed, name, shape.size(), options_.bits));
}

// f32 numbers, whatever centre and spread are.
std::vector<double> Inputs::numbers_around(std::string_view name, const Shape& shape, double centre,
                                           double spread) const {
  std::vector<double> numbers = uniform(options_.seed, name, shape.size(), options_.bits);
  for (double& number : numbers) {
    number = static_cast<float>(centre + spread * number);
  }
  return numbers;
}

Tensor Inputs::values_around(std::string_view name, const Shape& shape, double centre,
                             double spread) const {
  return map(shape, numbers_around(name, shape, centre, spread));
}

Tensor Inputs::sums_around(std::string_view name, const Shape& shape, double centre,
                           double spread) const {
  return Tensor::from_host<double>(device_, shape, sum_type(options_.dtype),
                                   numbers_around(name, shape, centre, spread));
}

Tensor Inputs::values(std::string_view name, const Shape& shape, Role role) const {
  return map(shape, numbers(name, shape, role));
}

Tensor Inputs::sums(std::string_view name, const Shape& shape, Role role) const {
  return Tensor::from_host<double>(device_, shape, sum_type(options_.dtype),
                                   numbers(name, shape, role));
}

Tensor Inputs::bytes(std::string_view name, const Shape& shape, int below) const {
  std::mt19937_64 random = generator(options_.seed, name);
  std::vector<std::uint8_t> numbers(static_cast<std::size_t>(shape.size()));
  for (std::uint8_t& number : numbers) {
    number = static_cast<std::uint8_t>((random() >> 32) % static_cast<std::uint64_t>(below));
  }
  return Tensor::from_host<std::uint8_t>(device_, shape, DType::u8, numbers);
}

Tensor Inputs::output(std::string_view name, const Shape& shape) const {
  return options_.mode == WriteMode::assign ? assigned(shape) : values(name, shape);
}

Tensor Inputs::assigned(const Shape& shape) const {
  return map(shape, poison(shape));
}

Tensor Inputs::assigned_sums(const Shape& shape) const {
  return Tensor::from_host<double>(device_, shape, sum_type(options_.dtype), poison(shape));
}

Tensor Inputs::assigned_bytes(const Shape& shape) const {
  const std::vector<std::uint8_t> poison(static_cast<std::size_t>(shape.size()), 0xA5);
  return Tensor::from_host<std::uint8_t>(device_, shape, DType::u8, poison);
}

double Inputs::factor(double value) const {
  return options_.magnitudes ? std::abs(value) : value;
}

Tensor zero_state(const Device& device, std::int64_t bytes) {
  const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(bytes));
  return Tensor::from_host<std::uint8_t>(device, {bytes}, DType::u8, zeros);
}

}  // namespace gramgrad::tests
