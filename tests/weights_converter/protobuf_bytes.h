// Protobuf's wire format, put together byte by byte.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace gramgrad::converter {

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>(value | 0x80);
  }
  return bytes + static_cast<char>(value);
}
inline std::string number(std::uint64_t field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string bytes(std::uint64_t field, const std::string& contents) {
  return varint(field << 3 | 2) + varint(contents.size()) + contents;
}
template <typename Number>
std::string raw(const std::vector<Number>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)};
}
template <typename Number>
std::string fixed(std::uint64_t field, Number value) {
  return varint(field << 3 | (sizeof(Number) == 4 ? 5 : 1)) + raw<Number>({value});
}

// From -1 to 1.
inline std::vector<float> uniform_numbers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> numbers(count);
  for (float& value : numbers) {
    value = uniform(random);
  }
  return numbers;
}

}  // namespace gramgrad::converter
