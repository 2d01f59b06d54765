// JSON that was written by a stranger: parsed with limits, read with types and ranges checked.
//
// Every function throws Error with a message that names the place, such as
// `the header's "feeding.scale" must be a number from 1e-06 to 1e+06`.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gramgrad::nn {

// The text must be one JSON object, nested at most 8 deep, without repeated keys and without
// control characters in keys and strings (so that all of them may be printed on a terminal).
nlohmann::json parse_strict_json(std::string_view text);

// An object of the header with its place in it, "" for the outermost, else such as "feeding".
class JsonObject {
 public:
  JsonObject(const nlohmann::json& value, std::string place);

  // Fails if there is a key that is not among these.
  void allow_only(std::initializer_list<std::string_view> keys) const;

  bool has(std::string_view key) const { return value_.contains(key); }
  const nlohmann::json& value(std::string_view key) const;
  JsonObject object(std::string_view key) const;
  // An array of `min_size` to `max_size` elements.
  const nlohmann::json& array(std::string_view key, std::size_t min_size,
                              std::size_t max_size) const;
  // Of 1 to `max_bytes` bytes.
  std::string text(std::string_view key, std::size_t max_bytes) const;
  std::uint64_t whole(std::string_view key, std::uint64_t max) const;
  double number(std::string_view key, double min, double max) const;

  // The key's place in the header in quotes, for messages.
  std::string name(std::string_view key) const;

 private:
  const nlohmann::json& value_;
  std::string place_;
};

// The same for a value on its own; `name` is how messages call it.
std::uint64_t json_whole(const nlohmann::json& value, const std::string& name, std::uint64_t min,
                         std::uint64_t max);
double json_number(const nlohmann::json& value, const std::string& name, double min, double max);

}  // namespace gramgrad::nn
