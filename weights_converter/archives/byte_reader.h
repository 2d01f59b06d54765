// A walk through little-endian bytes that a stranger wrote.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "kernels/check.h"

namespace gramgrad::converter {

class ByteReader {
 public:
  // Begins at `position`, which may be beyond the end; positions are counted from bytes[0].
  explicit ByteReader(std::span<const std::byte> bytes, std::uint64_t position = 0)
      : bytes_(bytes), position_(position) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return position_ < bytes_.size() ? bytes_.size() - position_ : 0; }

  // The next `count` bytes. Throws Error if there are fewer.
  std::span<const std::byte> take(std::uint64_t count) {
    check(count <= left(), "at byte {}: {} bytes belong here, {} are left; the file is cut short",
          position_, count, left());
    const auto taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  std::string_view take_text(std::uint64_t count) {
    const auto taken = take(count);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  template <std::integral Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t position_;
};

// Whether `bytes` begin with `start`.
inline bool begins_with(std::span<const std::byte> bytes, std::string_view start) {
  return bytes.size() >= start.size() && std::memcmp(bytes.data(), start.data(), start.size()) == 0;
}

}  // namespace gramgrad::converter
