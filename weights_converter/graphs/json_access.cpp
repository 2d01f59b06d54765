// Limits around nlohmann-json, and lookups that never throw its exceptions.
#include "weights_converter/graphs/json_access.h"

#include <limits>
#include <string_view>

#include "kernels/check.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

using nlohmann::json;

constexpr std::size_t max_json_bytes = std::size_t{64} << 20;
constexpr int max_depth = 64;

bool is_whole(const json& value) {
  return value.is_number_unsigned() &&
         value.get<std::uint64_t>() <=
             static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

json parse_json(std::span<const std::byte> text) {
  check(text.size() <= max_json_bytes, "has {} bytes of JSON; at most {} are read", text.size(),
        max_json_bytes);
  const std::string_view view(reinterpret_cast<const char*>(text.data()), text.size());
  try {
    json parsed =
        json::parse(view.begin(), view.end(), [](int depth, json::parse_event_t, const json&) {
          check(depth <= max_depth, "nests deeper than {} levels", max_depth);
          return true;
        });
    check(parsed.is_object(), "must be a JSON object");
    return parsed;
  } catch (const json::parse_error& error) {
    fail("at byte {}: is not JSON", error.byte);
  } catch (const json::exception&) {
    fail("has a number that is out of range");
  }
}

const json* member(const json& object, const char* key) {
  if (!object.is_object()) {
    return nullptr;
  }
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const json& object, const char* key) {
  const json* value = member(object, key);
  return value == nullptr || !value->is_string() ? ""
                                                 : printable(value->get_ref<const std::string&>());
}

std::vector<std::int64_t> whole_numbers(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr) {
    return {};
  }
  if (is_whole(*value)) {
    return {value->get<std::int64_t>()};
  }
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; value->is_array() && i < value->size(); ++i) {
    if (!is_whole((*value)[i])) {
      return {};
    }
    numbers.push_back((*value)[i].get<std::int64_t>());
  }
  return numbers;
}

}  // namespace gramgrad::converter
