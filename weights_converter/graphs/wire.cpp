// Steps over the fields of a message; lengths are claims and are checked against what is there.
#include "weights_converter/graphs/wire.h"

#include <cstring>

#include "kernels/check.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

// Base-128, low groups first; at most 10 bytes, of which the last holds one bit.
bool take_varint(std::span<const std::byte>& rest, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < 10 && i < rest.size(); ++i) {
    const auto byte = std::to_integer<std::uint64_t>(rest[i]);
    if (i == 9 && byte > 1) {
      return false;
    }
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      rest = rest.subspan(i + 1);
      return true;
    }
  }
  return false;
}

bool take_bytes(std::span<const std::byte>& rest, std::uint64_t size, WireField& field) {
  if (size > rest.size()) {
    return false;
  }
  field.bytes = rest.first(static_cast<std::size_t>(size));
  rest = rest.subspan(static_cast<std::size_t>(size));
  return true;
}

const char* name_of(WireType type) {
  switch (type) {
    case WireType::varint:
      return "an integer";
    case WireType::fixed64:
      return "a 64-bit number";
    case WireType::bytes:
      return "text or a message";
    case WireType::fixed32:
      return "a 32-bit number";
  }
  return "unknown";
}

}  // namespace

bool take_field(std::span<const std::byte>& message, WireField& field) {
  std::span<const std::byte> rest = message;
  std::uint64_t tag = 0;
  // A tag has 32 bits: the number of the field, from 1, and three bits for the type.
  if (!take_varint(rest, tag) || tag < 8 || tag > 0xffffffff) {
    return false;
  }
  field = {tag >> 3, static_cast<WireType>(tag & 7), 0, {}};
  bool whole = false;
  std::uint64_t size = 0;
  switch (field.type) {
    case WireType::varint:
      whole = take_varint(rest, field.varint);
      break;
    case WireType::fixed64:
      whole = take_bytes(rest, 8, field);
      break;
    case WireType::bytes:
      whole = take_varint(rest, size) && take_bytes(rest, size, field);
      break;
    case WireType::fixed32:
      whole = take_bytes(rest, 4, field);
      break;
  }
  if (whole) {
    message = rest;
  }
  return whole;
}

bool WireReader::next() {
  start_ = rest_;
  if (rest_.empty()) {
    return false;
  }
  if (!take_field(rest_, field_)) {
    fail_here("the file is damaged or cut short: no whole field stands there");
  }
  return true;
}

std::uint64_t WireReader::varint() const {
  if (field_.type != WireType::varint) {
    fail_here(fmt::format("field {} is {} and must be an integer", number(), name_of(type())));
  }
  return field_.varint;
}

std::span<const std::byte> WireReader::bytes() const {
  return numbers(WireType::bytes);
}

std::string WireReader::text() const {
  const std::span<const std::byte> contents = bytes();
  return printable({reinterpret_cast<const char*>(contents.data()), contents.size()});
}

float WireReader::f32() const {
  const std::span<const std::byte> contents = numbers(WireType::fixed32);
  if (contents.size() != sizeof(float)) {
    fail_here(fmt::format("field {} must be one number", number()));
  }
  float value = 0;
  std::memcpy(&value, contents.data(), sizeof(value));
  return value;
}

std::span<const std::byte> WireReader::numbers(WireType single) const {
  if (field_.type != WireType::bytes && field_.type != single) {
    fail_here(
        fmt::format("field {} is {} and must be {}", number(), name_of(type()), name_of(single)));
  }
  return field_.bytes;
}

void WireReader::append_integers(std::vector<std::int64_t>& values, std::size_t max) const {
  std::span<const std::byte> packed = numbers(WireType::varint);
  const auto append = [&](std::uint64_t value) {
    if (values.size() >= max) {
      fail_here(fmt::format("field {} has more than {} numbers", number(), max));
    }
    values.push_back(static_cast<std::int64_t>(value));
  };
  if (field_.type == WireType::varint) {
    return append(field_.varint);
  }
  while (!packed.empty()) {
    std::uint64_t value = 0;
    if (!take_varint(packed, value)) {
      fail_here(fmt::format("field {} is damaged: its integers do not end", number()));
    }
    append(value);
  }
}

void WireReader::fail_here(const std::string& what) const {
  fail("at byte {}: {}", start_.data() - file_.bytes().data(), what);
}

}  // namespace gramgrad::converter
