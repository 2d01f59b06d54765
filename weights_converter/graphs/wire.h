// Protobuf's wire format, read in place: ONNX and Caffe files are messages of it.
//
// Why not libprotobuf: its messages copy every weight, its CodedInputStream counts bytes in an int
// and so ends at 2 GiB, and code made by protoc would tie the build to one version of the library.
// Of the format (protobuf.dev/programming-guides/encoding) readers of weights need no more than
// this cursor, which hands out spans of the mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

enum class WireType { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct WireField {
  std::uint64_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t varint = 0;          // the value, if it is a varint
  std::span<const std::byte> bytes;  // the contents, else (4 or 8 bytes if fixed)
};

// Takes one field off the front of `message`; false if no whole field stands there.
bool take_field(std::span<const std::byte>& message, WireField& field);

// A walk over the fields of one message:
//   WireReader at(file, message);
//   while (at.next()) { switch (at.number()) { case 1: name = at.text(); … } }
// All functions throw Error, beginning with the offset in the file, when the file is damaged, and
// when the field is not of the type that is asked for.
class WireReader {
 public:
  // `message` lies in `file`, which must outlive the reader.
  WireReader(const InputFile& file, std::span<const std::byte> message)
      : file_(file), rest_(message) {}

  bool next();

  std::uint64_t number() const { return field_.number; }
  WireType type() const { return field_.type; }

  std::uint64_t varint() const;
  // Of a message, bytes or packed numbers.
  std::span<const std::byte> bytes() const;
  // With control characters, which could steer a terminal, replaced by '?'.
  std::string text() const;
  float f32() const;
  // The bytes of a number, or of several that are packed.
  std::span<const std::byte> numbers(WireType single) const;
  // Appends one integer or several that are packed; at most `max` may come together.
  void append_integers(std::vector<std::int64_t>& values, std::size_t max) const;

  // Throws: "at byte N: ".
  [[noreturn]] void fail_here(const std::string& what) const;

 private:
  const InputFile& file_;
  std::span<const std::byte> rest_;
  std::span<const std::byte> start_;  // from the field on
  WireField field_;
};

// Appends to `list`, whose elements are much larger in memory than in a file that means harm.
// Throws Error at the reader's place when there are `max` already.
template <typename Element>
Element& append_within(std::vector<Element>& list, std::size_t max, const WireReader& at,
                       const char* what) {
  if (list.size() >= max) {
    at.fail_here("there are more than " + std::to_string(max) + " " + what);
  }
  return list.emplace_back();
}

}  // namespace gramgrad::converter
