// Parser of `.npy`: magic, version, length of the header, the header (a Python dictionary literal),
// data. Only the literals that NumPy itself writes are understood.
#include "weights_converter/npy.h"

#include <charconv>
#include <cstring>
#include <limits>
#include <string_view>

#include "kernels/check.h"

namespace gramgrad {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t max_rank = 32;  // as in NumPy

// Reads the dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (64, 3), }.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, NpyArray& array) : rest_(text), array_(array) {}

  void parse() {
    expect("{");
    while (!accept("}")) {
      parse_entry();
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    skip_space();
    check(rest_.empty() && has_type_ && has_order_ && has_shape_,
          "its .npy header must have 'descr', 'fortran_order' and 'shape', each once");
  }

 private:
  void parse_entry() {
    const std::string_view key = quoted();
    expect(":");
    if (key == "descr" && !has_type_) {
      has_type_ = true;
      array_.dtype = parse_type();
    } else if (key == "fortran_order" && !has_order_) {
      has_order_ = true;
      check(accept("False"), "is not in C order; save it with numpy.ascontiguousarray");
    } else if (key == "shape" && !has_shape_) {
      has_shape_ = true;
      parse_shape();
    } else {
      fail("its .npy header has an entry that does not belong there");
    }
  }

  DType parse_type() {
    const std::string_view type = quoted();
    if (type == "<f2") {
      return DType::f16;
    }
    check(type == "<f4", "has a type other than little-endian f16 or f32; save it as one of these");
    return DType::f32;
  }

  void parse_shape() {
    expect("(");
    while (!accept(")")) {
      check(array_.shape.size() < max_rank, "has more than {} dimensions", max_rank);
      array_.shape.push_back(number());
      if (!accept(",")) {
        expect(")");
        break;
      }
    }
  }

  std::int64_t number() {
    skip_space();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    check(error == std::errc() && value >= 0, "its .npy header has a dimension that is no number");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  std::string_view quoted() {
    expect("'");
    const std::size_t end = rest_.find('\'');
    check(end != std::string_view::npos, "its .npy header is not what NumPy writes");
    const std::string_view result = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return result;
  }

  bool accept(std::string_view token) {
    skip_space();
    const bool found = rest_.starts_with(token);
    rest_.remove_prefix(found ? token.size() : 0);
    return found;
  }

  void expect(std::string_view token) {
    check(accept(token), "its .npy header is not what NumPy writes");
  }

  void skip_space() {
    const std::size_t next = rest_.find_first_not_of(" \n");
    rest_.remove_prefix(next == std::string_view::npos ? rest_.size() : next);
  }

  std::string_view rest_;
  NpyArray& array_;
  bool has_type_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

// The dictionary; `file` is left at the data.
std::string_view split_header(std::span<const std::byte>& file) {
  constexpr auto magic = "\x93NUMPY"sv;
  check(file.size() >= 12 && std::memcmp(file.data(), magic.data(), magic.size()) == 0,
        "is not an .npy array");
  const auto major = static_cast<unsigned>(file[6]);
  check(major >= 1 && major <= 3, "has .npy version {}; 1 to 3 are known", major);
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    length |= static_cast<std::size_t>(file[8 + i]) << (8 * i);
  }
  file = file.subspan(8 + length_bytes);
  check(length <= file.size(), "is cut short in its .npy header");
  const std::string_view header(reinterpret_cast<const char*>(file.data()), length);
  file = file.subspan(length);
  return header;
}

}  // namespace

NpyArray parse_npy(std::span<const std::byte> file) {
  NpyArray array;
  HeaderParser(split_header(file), array).parse();
  std::size_t bytes = size_of(array.dtype);
  for (const std::int64_t dimension : array.shape) {
    check(!__builtin_mul_overflow(bytes, dimension, &bytes), "has a shape beyond all memory");
  }
  check(bytes == file.size(), "has {} bytes of data; its shape needs {}", file.size(), bytes);
  array.data = file;
  return array;
}

}  // namespace gramgrad
