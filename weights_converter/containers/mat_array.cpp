// A walk over the elements of an array: each is a tag, type and length, and what it tags, padded to
// eight bytes. An array is an element that consists of elements.
#include "weights_converter/containers/mat_array.h"

#include <algorithm>
#include <utility>

namespace gramgrad::converter {
namespace {

constexpr int max_nesting = 16;             // networks have five
constexpr std::size_t max_rank = 32;        // of an array
constexpr int max_arrays = 1'000'000;       // in a variable
constexpr std::uint64_t max_names = 65536;  // bytes of names

struct Element {
  MatType type;
  std::uint64_t begin, end;  // of what it tags
  std::uint64_t next;        // the element that follows
};

class Elements {
 public:
  explicit Elements(const MatStream& stream) : stream_(stream) {}

  Element element(std::uint64_t at, std::uint64_t end) const {
    check_at(end >= at && end - at >= mat_tag_size, at, "an element belongs here");
    const std::uint32_t first = stream_.u32(at);
    if (const std::uint32_t small = first >> 16; small != 0) {  // up to four bytes, in the tag
      check_at(small <= 4, at, "{} bytes do not fit into a small element", small);
      return {static_cast<MatType>(first & 0xffff), at + 4, at + 4 + small, at + mat_tag_size};
    }
    const std::uint64_t begin = at + mat_tag_size;
    const std::uint64_t length = stream_.u32(at + 4);
    check_at(length <= end - begin, at,
             "an element of {} bytes reaches beyond the end of its array", length);
    const std::uint64_t padded = begin + (length + 7) / 8 * 8;
    return {static_cast<MatType>(first), begin, begin + length, std::min(padded, end)};
  }

  Element element(std::uint64_t at, std::uint64_t end, MatType type) const {
    const Element found = element(at, end);
    check_at(found.type == type, at, "type {} is not {}, as it must be here",
             static_cast<std::uint32_t>(found.type), static_cast<std::uint32_t>(type));
    return found;
  }

  // Class, dimensions and name; returns where the contents begin.
  std::uint64_t header(const Element& matrix, MatArray& array) const {
    const Element flags = element(matrix.begin, matrix.end, MatType::u32);
    check_at(flags.end - flags.begin == 8, flags.begin, "flags of an array are 8 bytes, not {}",
             flags.end - flags.begin);
    const std::uint32_t bits = stream_.u32(flags.begin);
    array.kind = class_of(bits & 0xff);
    array.complex = (bits & 0x800) != 0;
    const Element dimensions = element(flags.next, matrix.end, MatType::i32);
    read_dimensions(dimensions, array);
    const Element name = element(dimensions.next, matrix.end);
    array.name = text(name);
    return name.next;
  }

  MatArray array(const Element& matrix, int depth) {
    MatArray array;
    check_at(depth < max_nesting, matrix.begin, "arrays are nested deeper than {}", max_nesting);
    check_at(++arrays_ <= max_arrays, matrix.begin, "the variable has more than {} arrays",
             max_arrays);
    if (matrix.begin == matrix.end) {
      return array;  // an empty cell
    }
    const std::uint64_t contents = header(matrix, array);
    switch (array.kind) {
      case MatClass::cell:
        read_items(contents, matrix.end, array.count, depth, array);
        break;
      case MatClass::structure:
        read_structure(contents, matrix.end, depth, array);
        break;
      case MatClass::text:
      case MatClass::f64:
      case MatClass::f32:
      case MatClass::integer:
        read_data(contents, matrix.end, array);
        break;
      case MatClass::other:
        break;
    }
    return array;
  }

 private:
  template <typename... Args>
  void check_at(bool condition, std::uint64_t at, fmt::format_string<Args...> text,
                Args&&... args) const {
    if (!condition) {
      stream_.refuse(at, "{}; the file is damaged", fmt::format(text, std::forward<Args>(args)...));
    }
  }

  static MatClass class_of(std::uint32_t number) {
    switch (number) {
      case 1:
        return MatClass::cell;
      case 2:
        return MatClass::structure;
      case 4:
        return MatClass::text;
      case 6:
        return MatClass::f64;
      case 7:
        return MatClass::f32;
      default:
        return number >= 8 && number <= 15 ? MatClass::integer : MatClass::other;
    }
  }

  void read_dimensions(const Element& dimensions, MatArray& array) const {
    const std::uint64_t rank = (dimensions.end - dimensions.begin) / 4;
    check_at(rank <= max_rank, dimensions.begin, "an array has {} dimensions", rank);
    array.count = rank == 0 ? 0 : 1;
    for (std::uint64_t i = 0; i < rank; ++i) {
      const auto size = static_cast<std::int32_t>(stream_.u32(dimensions.begin + 4 * i));
      check_at(size >= 0 && !__builtin_mul_overflow(array.count, size, &array.count),
               dimensions.begin, "dimension {} of an array is {}, beyond all memory", i, size);
      array.dimensions.push_back(size);
    }
  }

  std::string text(const Element& element) const {
    check_at(element.end - element.begin <= max_names, element.begin,
             "a name of {} bytes is longer than any", element.end - element.begin);
    std::string text(element.end - element.begin, '\0');
    stream_.read(element.begin, std::as_writable_bytes(std::span(text)));
    return text;
  }

  void read_items(std::uint64_t at, std::uint64_t end, std::int64_t count, int depth,
                  MatArray& array) {
    for (std::int64_t i = 0; i < count; ++i) {
      const Element item = element(at, end, MatType::matrix);
      array.items.push_back(this->array(item, depth + 1));
      at = item.next;
    }
  }

  // Names are of one length, filled up with zeros.
  void read_structure(std::uint64_t at, std::uint64_t end, int depth, MatArray& array) {
    const Element length = element(at, end, MatType::i32);
    check_at(length.end - length.begin == 4, at, "the length of names is not one number");
    const std::uint32_t width = stream_.u32(length.begin);
    const Element names = element(length.next, end, MatType::i8);
    const std::string all = text(names);
    check_at(all.empty() || (width > 0 && all.size() % width == 0), names.begin,
             "names of {} bytes do not make {}", width, all.size());
    for (std::size_t i = 0; i < all.size(); i += width) {
      const std::string name = all.substr(i, width);
      array.fields.push_back(name.substr(0, name.find('\0')));
    }
    const auto fields = static_cast<std::int64_t>(array.fields.size());
    std::int64_t items = 0;
    check_at(!__builtin_mul_overflow(array.count, fields, &items), at,
             "{} structures are beyond all memory", array.count);
    read_items(names.next, end, items, depth, array);
  }

  void read_data(std::uint64_t at, std::uint64_t end, MatArray& array) const {
    const Element data = element(at, end);
    const std::size_t size = size_of(data.type);
    const std::uint64_t bytes = data.end - data.begin;
    check_at(size != 0, at, "type {} is none of numbers", static_cast<std::uint32_t>(data.type));
    check_at(array.kind == MatClass::text ||
                 (bytes % size == 0 && std::cmp_equal(bytes / size, array.count)),
             at, "an array of {} numbers has {} bytes for numbers of {}", array.count, bytes, size);
    array.type = data.type;
    array.data = data.begin;
    array.data_bytes = bytes;
  }

  const MatStream& stream_;
  int arrays_ = 0;
};

// The variable is all of the stream: its length is whatever the tag says.
Element variable(const MatStream& stream) {
  const std::uint64_t length = stream.u32(4);
  return Elements(stream).element(0, mat_tag_size + length, MatType::matrix);
}

}  // namespace

std::size_t size_of(MatType type) {
  switch (type) {
    case MatType::i8:
    case MatType::u8:
    case MatType::utf8:
      return 1;
    case MatType::i16:
    case MatType::u16:
    case MatType::utf16:
      return 2;
    case MatType::i32:
    case MatType::u32:
    case MatType::f32:
    case MatType::utf32:
      return 4;
    case MatType::f64:
    case MatType::i64:
    case MatType::u64:
      return 8;
    default:
      return 0;
  }
}

std::string mat_variable_name(const MatStream& stream) {
  MatArray array;
  Elements(stream).header(variable(stream), array);
  return array.name;
}

MatArray read_mat_array(const MatStream& stream) {
  const Element matrix = variable(stream);
  MatArray array = Elements(stream).array(matrix, 0);
  stream.expect_end(matrix.end);
  return array;
}

}  // namespace gramgrad::converter
