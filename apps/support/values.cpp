// Values as people type them.
#include "apps/support/values.h"

#include <charconv>
#include <cmath>

namespace gramgrad::apps {
namespace {

template <typename Number>
std::from_chars_result read(std::string_view text, Number& number) {
  return std::from_chars(text.data(), text.data() + text.size(), number);
}

template <typename Number>
bool reads_whole(std::string_view text, Number& number) {
  const std::from_chars_result result = read(text, number);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace

double parse_number(std::string_view text, double low, double high) {
  double number = 0;
  check(reads_whole(text, number) && std::isfinite(number), "'{}' is not a number", text);
  check(number >= low && number <= high, "{} is out of range; give {} to {}", text,
        format_number(low), format_number(high));
  return number;
}

std::int64_t parse_integer(std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t number = 0;
  const std::from_chars_result result = read(text, number);
  const bool whole = !text.empty() && result.ptr == text.data() + text.size();
  check(whole && result.ec != std::errc::invalid_argument, "'{}' is not a whole number", text);
  check(result.ec == std::errc() && number >= low && number <= high,
        "{} is out of range; give {} to {}", text, low, high);
  return number;
}

std::uint64_t parse_seed(std::string_view text) {
  std::uint64_t number = 0;
  check(reads_whole(text, number), "'{}' is not a whole number from 0 to 2^64 - 1", text);
  return number;
}

std::vector<std::string_view> parse_list(std::string_view text) {
  std::vector<std::string_view> parts;
  const std::string_view whole = text;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    check(!parts.back().empty(), "'{}' is not a list like a,b,c: a part of it is empty", whole);
    if (comma == text.npos) {
      return parts;
    }
    text.remove_prefix(comma + 1);
  }
}

std::string format_number(double value) {
  std::array<char, 32> text;
  const std::to_chars_result result = std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), result.ptr);
}

std::string format_bytes(std::size_t bytes) {
  constexpr double mebibyte = 1 << 20;
  const double size = static_cast<double>(bytes) / mebibyte;
  return size < 1024 ? fmt::format("{:.1f} MiB", size) : fmt::format("{:.2f} GiB", size / 1024);
}

}  // namespace gramgrad::apps
