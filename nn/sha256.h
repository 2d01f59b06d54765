// SHA-256, the name by which recipes and provenance records call a file.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace gramgrad::nn {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace gramgrad::nn
