// Compares names piece by piece: digits with digits as numbers, other bytes one by one.
#include "weights_converter/containers/natural_order.h"

#include <algorithm>
#include <cstddef>

namespace gramgrad::converter {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the digits at the beginning off `text` and returns them without leading zeros.
std::string_view take_number(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

// '/' before everything, so that a name comes before its extensions: "a/x" before "a_1/x".
int weight(char c) {
  return c == '/' ? -1 : static_cast<unsigned char>(c);
}

}  // namespace

bool natural_less(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    if (is_digit(left.front()) && is_digit(right.front())) {
      const std::string_view a = take_number(left);
      const std::string_view b = take_number(right);
      if (a != b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
      }
    } else {
      if (left.front() != right.front()) {
        return weight(left.front()) < weight(right.front());
      }
      left.remove_prefix(1);
      right.remove_prefix(1);
    }
  }
  return left.empty() && !right.empty();
}

}  // namespace gramgrad::converter
