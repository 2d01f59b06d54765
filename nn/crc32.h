// CRC-32, as weights files have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gramgrad::nn {

// Of all bytes that `before` is of, and then these.
std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace gramgrad::nn
