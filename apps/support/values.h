// Values as people type them: numbers, lists and names from a list, with errors that say what is
// wrong with the text.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/check.h"
#include "nn/suggest.h"

namespace gramgrad::apps {

// All of `text` as a finite number in [low, high]. Throws Error.
double parse_number(std::string_view text, double low, double high);

// All of `text` as a whole number in [low, high]. Throws Error.
std::int64_t parse_integer(std::string_view text, std::int64_t low, std::int64_t high);

// All of `text` as a whole number of 64 bits. Throws Error.
std::uint64_t parse_seed(std::string_view text);

// The parts of a list `a,b,c`. Throws Error for an empty part.
std::vector<std::string_view> parse_list(std::string_view text);

// The shortest text that parse_number reads back to the same double.
std::string format_number(double value);

// Bytes as people read them: "812.0 MiB".
std::string format_bytes(std::size_t bytes);

template <typename Value>
struct Choice {
  std::string_view name;
  Value value;
};

// The value that `text` names. Throws Error, naming the nearest and all of them.
template <typename Value, std::size_t count>
Value parse_choice(std::string_view text, const std::array<Choice<Value>, count>& choices) {
  std::vector<std::string> names;
  for (const Choice<Value>& choice : choices) {
    if (choice.name == text) {
      return choice.value;
    }
    names.emplace_back(choice.name);
  }
  fail("there is no '{}'; did you mean '{}'? (one of {})", text, nn::nearest(text, names),
       fmt::join(names, ", "));
}

template <typename Value, std::size_t count>
std::string format_choice(const Value& value, const std::array<Choice<Value>, count>& choices) {
  const auto found = std::find_if(choices.begin(), choices.end(), [&](const Choice<Value>& choice) {
    return choice.value == value;
  });
  return std::string(found->name);  // every value of these enumerations is listed
}

}  // namespace gramgrad::apps
