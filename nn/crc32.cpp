// zlib's.
#include "nn/crc32.h"

#include <zlib.h>

namespace gramgrad::nn {

std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before) {
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace gramgrad::nn
