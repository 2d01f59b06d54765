// Memory for the length of one operator call, from the device's pool, so that it is reused and
// counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/device_state.h"

namespace gramgrad::cpu {

template <typename T>
class Scratch {
 public:
  // Uninitialised.
  Scratch(CachingAllocator& allocator, std::int64_t count)
      : allocator_(allocator),
        data_(static_cast<T*>(allocator.allocate(static_cast<std::size_t>(count) * sizeof(T)))) {}
  Scratch(const Device& device, std::int64_t count)
      : Scratch(device.state().resources->allocator, count) {}
  ~Scratch() {
    if (data_ != nullptr) {
      allocator_.release(data_);
    }
  }
  Scratch(Scratch&& other) noexcept
      : allocator_(other.allocator_), data_(std::exchange(other.data_, nullptr)) {}
  Scratch& operator=(Scratch&&) = delete;

  T* data() const { return data_; }
  T& operator[](std::int64_t i) const { return data_[i]; }

 private:
  CachingAllocator& allocator_;
  T* data_;
};

}  // namespace gramgrad::cpu
