// Values of JSON that a stranger wrote, taken with their types checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace gramgrad::converter {

// One JSON object of at most 64 MiB, nested at most 64 deep. Throws Error with the offset.
nlohmann::json parse_json(std::span<const std::byte> text);

// The value of the key; null if `object` is no object, lacks it, or has null there.
const nlohmann::json* member(const nlohmann::json& object, const char* key);

// Empty unless the value is there and is a text; control characters come out as '?'.
std::string text_of(const nlohmann::json& object, const char* key);

// Whole numbers from 0 to 2^63 − 1, from a list of them or from one alone; empty if it is neither.
std::vector<std::int64_t> whole_numbers(const nlohmann::json& object, const char* key);

}  // namespace gramgrad::converter
