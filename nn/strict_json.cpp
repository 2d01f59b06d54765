// Limits and checks around nlohmann-json, whose own exceptions end here.
#include "nn/strict_json.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "kernels/check.h"

namespace gramgrad::nn {
namespace {

using nlohmann::json;

constexpr int max_depth = 8;
constexpr std::size_t max_key_bytes = 64;

// C0, DEL and, as UTF-8 writes them (C2 80 … C2 9F), C1: what could steer a terminal.
bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = i > 0 && static_cast<unsigned char>(text[i - 1]) == 0xc2 && byte < 0xa0;
    if (byte < 0x20 || byte == 0x7f || c1) {
      return true;
    }
  }
  return false;
}

// Called by the parser at every event; throwing from it stops the parser before it builds more.
class Guard {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
        keys_.emplace_back();
        [[fallthrough]];
      case json::parse_event_t::array_start:
        check(depth < max_depth, "the header nests deeper than {} levels", max_depth);
        break;
      case json::parse_event_t::object_end:
        keys_.pop_back();
        break;
      case json::parse_event_t::key:
        check_key(parsed.get_ref<const std::string&>());
        break;
      case json::parse_event_t::value:
        check(!parsed.is_string() || !has_control_characters(parsed.get_ref<const std::string&>()),
              "the header has a text with control characters");
        break;
      case json::parse_event_t::array_end:
        break;
    }
    return true;
  }

 private:
  void check_key(const std::string& key) {
    check(key.size() <= max_key_bytes, "the header has a key of {} bytes; {} are allowed",
          key.size(), max_key_bytes);
    check(!has_control_characters(key), "the header has a key with control characters");
    check(keys_.back().insert(key).second, "the header has the key \"{}\" twice in one object",
          key);
  }

  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

json parse_strict_json(std::string_view text) {
  try {
    Guard guard;
    json parsed = json::parse(text.begin(), text.end(),
                              [&guard](int depth, json::parse_event_t event, json& value) {
                                return guard(depth, event, value);
                              });
    check(parsed.is_object(), "the header must be a JSON object");
    return parsed;
  } catch (const json::parse_error& error) {
    fail("the header is not JSON in UTF-8 (error near its byte {})", error.byte);
  } catch (const json::exception&) {
    fail("the header has a number that is out of range");
  }
}

JsonObject::JsonObject(const json& value, std::string place)
    : value_(value), place_(std::move(place)) {
  check(value_.is_object(), "the header's \"{}\" must be an object", place_);
}

std::string JsonObject::name(std::string_view key) const {
  return place_.empty() ? fmt::format("\"{}\"", key) : fmt::format("\"{}.{}\"", place_, key);
}

void JsonObject::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& item : value_.items()) {
    check(std::find(keys.begin(), keys.end(), item.key()) != keys.end(),
          "the header's {} is not known to this version of the format", name(item.key()));
  }
}

const json& JsonObject::value(std::string_view key) const {
  const auto found = value_.find(std::string(key));
  check(found != value_.end(), "the header lacks {}", name(key));
  return *found;
}

JsonObject JsonObject::object(std::string_view key) const {
  return {value(key), place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key)};
}

const json& JsonObject::array(std::string_view key, std::size_t min_size,
                              std::size_t max_size) const {
  const json& found = value(key);
  check(found.is_array() && found.size() >= min_size && found.size() <= max_size,
        "the header's {} must be a list of {} to {} elements", name(key), min_size, max_size);
  return found;
}

std::string JsonObject::text(std::string_view key, std::size_t max_bytes) const {
  const json& found = value(key);
  check(found.is_string(), "the header's {} must be a text", name(key));
  const auto& text = found.get_ref<const std::string&>();
  check(!text.empty() && text.size() <= max_bytes,
        "the header's {} must be a text of 1 to {} bytes, and has {}", name(key), max_bytes,
        text.size());
  return text;
}

std::uint64_t JsonObject::whole(std::string_view key, std::uint64_t max) const {
  return json_whole(value(key), name(key), 0, max);
}

double JsonObject::number(std::string_view key, double min, double max) const {
  return json_number(value(key), name(key), min, max);
}

std::uint64_t json_whole(const json& value, const std::string& name, std::uint64_t min,
                         std::uint64_t max) {
  // A negative number is not unsigned, nor is one beyond 2^64, which the parser makes a double.
  check(value.is_number_unsigned() && value.get<std::uint64_t>() >= min &&
            value.get<std::uint64_t>() <= max,
        "the header's {} must be a whole number from {} to {}", name, min, max);
  return value.get<std::uint64_t>();
}

double json_number(const json& value, const std::string& name, double min, double max) {
  check(value.is_number() && value.get<double>() >= min && value.get<double>() <= max,
        "the header's {} must be a number from {} to {}", name, min, max);
  return value.get<double>();
}

}  // namespace gramgrad::nn
