// Memory that begins with a line of the cache, as the device's does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/cache.h"

namespace gramgrad::tests {

template <typename T>
class Aligned {
 public:
  Aligned(std::int64_t count, T value)
      : memory_(static_cast<std::size_t>(count) + cpu::cache_line_bytes / sizeof(T), value) {}

  Aligned(Aligned&&) = default;  // a copy would begin elsewhere

  T* data() {
    constexpr auto line = static_cast<std::uintptr_t>(cpu::cache_line_bytes);
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    return reinterpret_cast<T*>((address + line - 1) / line * line);
  }

 private:
  std::vector<T> memory_;
};

}  // namespace gramgrad::tests
