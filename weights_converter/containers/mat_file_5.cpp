// MATLAB 5 files: a header of 128 bytes, then one element for each variable, packed or not.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/containers/mat_array.h"
#include "weights_converter/containers/mat_file.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t header_size = 128;
constexpr std::size_t max_text = 4096;

using MatStreamPtr = std::shared_ptr<const MatStream>;

// The element of a variable: its tag, and `length` bytes.
struct Variable {
  std::size_t at;
  std::size_t length;
  bool packed;
};

bool is_swapped(const InputFile& file) {
  return file.bytes()[126] == std::byte{'M'};  // "MI" where this machine writes "IM"
}

// All of them, so that a file that is cut off is refused whatever is looked for.
std::vector<Variable> variables_of(const InputFile& file) {
  const auto u32 = [&](std::size_t offset) {
    std::uint32_t value = 0;
    std::memcpy(&value, file.bytes().data() + offset, sizeof value);
    return is_swapped(file) ? __builtin_bswap32(value) : value;
  };
  std::vector<Variable> variables;
  const std::size_t size = file.bytes().size();
  std::size_t at = header_size;
  while (at < size) {
    check(size - at >= mat_tag_size, "{}: at byte {}: the file is cut off", file.path, at);
    const auto type = static_cast<MatType>(u32(at));
    const std::uint32_t length = u32(at + 4);
    check(type == MatType::matrix || type == MatType::packed,
          "{}: at byte {}: {} is no type of a MATLAB variable; the file is damaged", file.path, at,
          static_cast<std::uint32_t>(type));
    check(
        length <= size - at - mat_tag_size,
        "{}: at byte {}: a variable of {} bytes reaches beyond the end of the file; it is cut off",
        file.path, at, length);
    variables.push_back({at, length, type == MatType::packed});
    at += mat_tag_size + length;
  }
  return variables;
}

template <typename T>
T number_at(const std::byte* bytes, bool swapped) {
  std::array<std::byte, sizeof(T)> raw;
  std::memcpy(raw.data(), bytes, sizeof(T));
  if (swapped) {
    std::ranges::reverse(raw);
  }
  T value;
  std::memcpy(&value, raw.data(), sizeof(T));
  return value;
}

template <typename T>
void convert(std::span<const std::byte> bytes, bool swapped, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(number_at<T>(bytes.data() + i * sizeof(T), swapped));
  }
}

void convert(MatType type, std::span<const std::byte> bytes, bool swapped, std::span<float> out) {
  switch (type) {
    case MatType::i8:
      return convert<std::int8_t>(bytes, swapped, out);
    case MatType::u8:
      return convert<std::uint8_t>(bytes, swapped, out);
    case MatType::i16:
      return convert<std::int16_t>(bytes, swapped, out);
    case MatType::u16:
      return convert<std::uint16_t>(bytes, swapped, out);
    case MatType::i32:
      return convert<std::int32_t>(bytes, swapped, out);
    case MatType::u32:
      return convert<std::uint32_t>(bytes, swapped, out);
    case MatType::i64:
      return convert<std::int64_t>(bytes, swapped, out);
    case MatType::u64:
      return convert<std::uint64_t>(bytes, swapped, out);
    case MatType::f64:
      return convert<double>(bytes, swapped, out);
    default:
      return convert<float>(bytes, swapped, out);
  }
}

// Numbers [first, first + out.size()) in the order of the file, the first dimension fastest.
void read_numbers(const MatStream& stream, const MatArray& array, std::int64_t first,
                  std::span<float> out) {
  check(first >= 0 && first <= array.count && std::ssize(out) <= array.count - first,
        "{}: {}: elements {} to {} were asked of {}", stream.file().path, stream.place(array.data),
        first, first + std::ssize(out), array.count);
  const std::size_t size = size_of(array.type);
  std::uint64_t offset = array.data + static_cast<std::uint64_t>(first) * size;
  std::array<std::byte, 16384> buffer;
  while (!out.empty()) {
    const std::size_t count = std::min(out.size(), buffer.size() / size);
    const auto bytes = std::span(buffer).first(count * size);
    stream.read(offset, bytes);
    convert(array.type, bytes, stream.swapped(), out.first(count));
    out = out.subspan(count);
    offset += bytes.size();
  }
}

class Mat5Value : public MatValue {
 public:
  Mat5Value(MatStreamPtr stream, std::shared_ptr<const MatArray> array)
      : stream_(std::move(stream)), array_(std::move(array)) {}

  MatValuePtr field(const std::string& name) const override {
    if (array_->kind != MatClass::structure || array_->count == 0) {
      return nullptr;
    }
    const auto found = std::ranges::find(array_->fields, name);
    return found == array_->fields.end()
               ? nullptr
               : value(array_->items[static_cast<std::size_t>(found - array_->fields.begin())]);
  }

  std::vector<MatValuePtr> cells() const override {
    std::vector<MatValuePtr> found;
    if (array_->kind == MatClass::cell) {
      for (const MatArray& item : array_->items) {
        found.push_back(value(item));
      }
    }
    return found;
  }

  std::string text() const override {
    if (array_->kind != MatClass::text || std::cmp_greater(array_->count, max_text)) {
      return "";
    }
    const std::size_t size = size_of(array_->type);
    const std::size_t count = std::min<std::uint64_t>(array_->data_bytes / size,
                                                      static_cast<std::uint64_t>(array_->count));
    std::vector<std::byte> bytes(count * size);
    stream_->read(array_->data, bytes);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      const auto unit = std::span(bytes).subspan(i * size, size);
      const char c = static_cast<char>(stream_->swapped() ? unit.back() : unit.front());
      text += c >= 0x20 && c < 0x7f ? c : '?';
    }
    return text;
  }

  std::optional<SourceTensor> tensor(const std::string& name) const override {
    if (array_->kind == MatClass::structure || array_->kind == MatClass::cell) {
      return std::nullopt;
    }
    SourceTensor tensor{name, ElementType::other, array_->dimensions, nullptr};
    std::ranges::reverse(tensor.shape);
    const bool single = array_->kind == MatClass::f32;
    if (!array_->complex && (single || array_->kind == MatClass::f64)) {
      tensor.type = single ? ElementType::f32 : ElementType::f64;
      tensor.read = [stream = stream_, array = array_](std::int64_t first, std::span<float> out) {
        read_numbers(*stream, *array, first, out);
      };
    }
    return tensor;
  }

 private:
  // A part of this one, which it keeps.
  MatValuePtr value(const MatArray& part) const {
    return std::make_shared<Mat5Value>(stream_, std::shared_ptr<const MatArray>(array_, &part));
  }

  MatStreamPtr stream_;
  std::shared_ptr<const MatArray> array_;
};

}  // namespace

MatValuePtr open_mat_5(const InputFilePtr& file, const std::string& variable) {
  for (const Variable& each : variables_of(*file)) {
    const auto stream = std::make_shared<const MatStream>(file, each.at, each.length, each.packed,
                                                          is_swapped(*file));
    if (mat_variable_name(*stream) == variable) {
      return std::make_shared<Mat5Value>(stream,
                                         std::make_shared<const MatArray>(read_mat_array(*stream)));
    }
  }
  return nullptr;
}

}  // namespace gramgrad::converter
