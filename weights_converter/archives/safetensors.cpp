// 8 bytes with the length of the JSON header, the header
// {"name": {"dtype": "F32", "shape": [64, 3], "data_offsets": [begin, end]}, …}, the data, without
// gaps (github.com/huggingface/safetensors, README).
#include "weights_converter/archives/safetensors.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/archives/byte_reader.h"
#include "weights_converter/archives/named_layers.h"
#include "weights_converter/printable.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

using nlohmann::json;

constexpr std::uint64_t max_header_bytes = 8 << 20;
constexpr std::size_t max_dimensions = 64;
constexpr const char* metadata_key = "__metadata__";

struct TypeName {
  std::string_view name;
  ElementType type;
};
constexpr std::array type_names = {
    TypeName{"F16", ElementType::f16},
    TypeName{"BF16", ElementType::bf16},
    TypeName{"F32", ElementType::f32},
    TypeName{"F64", ElementType::f64},
};

// Stops the parser at what a header never has: depth, and a name twice.
class Guard {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    check(!opens || depth < 3, "its header nests deeper than 3 levels");
    check(event != json::parse_event_t::key || depth != 1 ||
              names_.insert(parsed.get_ref<const std::string&>()).second,
          "its header has a name twice");
    return true;
  }

 private:
  std::set<std::string> names_;
};

json parse_header(ByteReader& in) {
  const auto length = in.number<std::uint64_t>();
  check(length <= max_header_bytes, "its header has {} bytes; at most {} are read", length,
        max_header_bytes);
  const std::string_view text = in.take_text(length);
  try {
    json header = json::parse(
        text, [guard = Guard()](int depth, json::parse_event_t event, json& parsed) mutable {
          return guard(depth, event, parsed);
        });
    check(header.is_object(), "its header is no JSON object");
    return header;
  } catch (const json::parse_error& error) {
    fail("its header is not JSON in UTF-8 (error near byte {})", 8 + error.byte);
  } catch (const json::exception&) {
    fail("its header has a number that is out of range");
  }
}

std::vector<std::int64_t> whole_numbers(const json& entry, const char* key, std::size_t most) {
  const auto list = entry.find(key);
  check(list != entry.end() && list->is_array() && list->size() <= most, "lacks its {}", key);
  std::vector<std::int64_t> numbers;
  for (const json& number : *list) {
    check(number.is_number_unsigned() && number.get<std::uint64_t>() <= std::uint64_t{INT64_MAX},
          "has a number in its {} that is none from 0 to 2^63", key);
    numbers.push_back(number.get<std::int64_t>());
  }
  return numbers;
}

struct Entry {
  std::string name;
  ElementType type = ElementType::other;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // in the data
};

Entry parse_entry(const std::string& name, const json& value) {
  check(value.is_object(), "is no object");
  const auto type = value.find("dtype");
  check(type != value.end() && type->is_string(), "lacks its dtype");
  Entry entry{name, ElementType::other, whole_numbers(value, "shape", max_dimensions), 0, 0};
  const auto known =
      std::ranges::find(type_names, type->get_ref<const std::string&>(), &TypeName::name);
  if (known != type_names.end()) {
    entry.type = known->type;
  }
  const auto offsets = whole_numbers(value, "data_offsets", 2);
  check(offsets.size() == 2 && offsets[0] <= offsets[1], "has damaged data_offsets");
  entry.begin = static_cast<std::uint64_t>(offsets[0]);
  entry.end = static_cast<std::uint64_t>(offsets[1]);
  return entry;
}

// In the order of the data, which they must fill without gaps.
std::vector<Entry> parse_entries(const json& header, std::uint64_t data_bytes) {
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key != metadata_key) {
      const std::string name = printable(key);
      entries.push_back(
          with_path("tensor " + name, [&, &entry = value] { return parse_entry(name, entry); }));
    }
  }
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    check(entry.begin == end, "tensor {}: begins at byte {} of the data, not at {}", entry.name,
          entry.begin, end);
    end = entry.end;
  }
  check(end == data_bytes, "its tensors need {} bytes of data; there are {}", end, data_bytes);
  return entries;
}

Source read_file(const InputFilePtr& file) {
  ByteReader in(file->bytes());
  const json header = parse_header(in);
  const std::span<const std::byte> data = in.take(in.left());
  Source source;
  source.format = "safetensors";
  for (Entry& entry : parse_entries(header, data.size())) {
    source.tensors.push_back(mapped_tensor(file, std::move(entry.name), entry.type,
                                           std::move(entry.shape),
                                           data.subspan(entry.begin, entry.end - entry.begin)));
  }
  find_named_layers(source);
  return source;
}

}  // namespace

bool is_safetensors(std::span<const std::byte> file) {
  constexpr std::uint64_t longest = 100'000'000;  // the format's own limit
  return file.size() > 8 && ByteReader(file).number<std::uint64_t>() <= longest &&
         begins_with(file.subspan(8), "{");
}

Source read_safetensors(InputFilePtr file) {
  return with_path(file->path, [&] { return read_file(file); });
}

}  // namespace gramgrad::converter
