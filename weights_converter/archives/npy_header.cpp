// Parser of magic, version, length of the header, the header (a Python dictionary literal). Only
// the literals that NumPy itself writes are understood.
#include "weights_converter/archives/npy_header.h"

#include <charconv>

#include "kernels/check.h"
#include "weights_converter/archives/byte_reader.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t max_rank = 64;  // as in NumPy

// Reads the dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (64, 3), }.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, NpyHeader& header) : rest_(text), header_(header) {}

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
      parse_type();
    } else if (key == "fortran_order" && !has_order_) {
      has_order_ = true;
      header_.fortran_order = accept("True");
      if (!header_.fortran_order) {
        expect("False");
      }
    } else if (key == "shape" && !has_shape_) {
      has_shape_ = true;
      parse_shape();
    } else {
      fail("its .npy header has an entry that does not belong there");
    }
  }

  void parse_type() {
    check(!accept("["), "has a structured type; save each of its fields as an array of its own");
    std::string_view type = quoted();
    check(!type.starts_with('>'), "has big-endian numbers; save it with .astype('<f4')");
    type.remove_prefix(type.find_first_not_of("<|=") == 1 ? 1 : 0);
    header_.type = numpy_type(type);
    header_.is_object = type == "O";
  }

  void parse_shape() {
    expect("(");
    while (!accept(")")) {
      check(header_.shape.size() < max_rank, "has more than {} dimensions", max_rank);
      header_.shape.push_back(number());
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
    accept("L");  // Python 2 wrote long integers like this
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
  NpyHeader& header_;
  bool has_type_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

}  // namespace

ArrayLayout NpyHeader::layout() const {
  return {type, shape, fortran_order ? column_major_strides(shape) : row_major_strides(shape), 0};
}

void NpyHeader::check_size(std::uint64_t bytes) const {
  std::uint64_t needed = size_of(type);
  for (const std::int64_t dimension : shape) {
    check(dimension >= 0 && !__builtin_mul_overflow(needed, dimension, &needed),
          "has a shape beyond all memory");
  }
  check(type == ElementType::other || bytes == needed, "has {} bytes of data; its shape needs {}",
        bytes, needed);
}

NpyHeader parse_npy_header(std::span<const std::byte> file) {
  check(begins_with(file, npy_magic), "is not an .npy array");
  ByteReader in(file, npy_magic.size());
  const unsigned major = in.number<std::uint8_t>();
  in.take(1);
  check(major >= 1 && major <= 3, "has .npy version {}; 1 to 3 are known", major);
  const std::uint64_t length = major == 1 ? in.number<std::uint16_t>() : in.number<std::uint32_t>();
  check(length <= max_npy_header_bytes - 12, "has an .npy header of {} bytes; {} are allowed",
        length, max_npy_header_bytes - 12);
  NpyHeader header;
  HeaderParser(in.take_text(length), header).parse();
  header.data_at = in.position();
  return header;
}

ElementType numpy_type(std::string_view name) {
  if (name == "f2") {
    return ElementType::f16;
  }
  if (name == "f4") {
    return ElementType::f32;
  }
  return name == "f8" ? ElementType::f64 : ElementType::other;
}

}  // namespace gramgrad::converter
