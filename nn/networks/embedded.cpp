// Access to the bytes that embedded.S puts into the program.
#include "nn/networks/embedded.h"

#include <cstdint>

extern "C" {
extern const std::byte gramgrad_vgg16_bytes[];
extern const std::uint64_t gramgrad_vgg16_size;
}

namespace gramgrad::nn {

std::span<const std::byte> embedded_vgg16() {
  return {gramgrad_vgg16_bytes, static_cast<std::size_t>(gramgrad_vgg16_size)};
}

}  // namespace gramgrad::nn
