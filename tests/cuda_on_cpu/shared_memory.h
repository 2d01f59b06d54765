// A block's shared memory: poisoned and fenced.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace gramgrad::cuda_on_cpu {

// Objects are made on first use, one for each key, with gaps between them that AddressSanitizer
// guards; a fresh one holds bytes of 0xFF, which are NaN as floating-point numbers.
class SharedMemory {
 public:
  static constexpr std::size_t limit = 48 * 1024;  // of a kernel's static shared memory

  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // A new block: forgets all objects.
  void clear();
  // nullptr where the block's objects would be larger than the limit together.
  void* object(const void* key, std::size_t bytes);
  bool contains(const void* address) const;

 private:
  struct Object {
    const void* key;
    std::byte* memory;
  };

  std::byte* arena_;
  std::size_t used_ = 0;   // of the arena, gaps included
  std::size_t asked_ = 0;  // by the kernel
  std::vector<Object> objects_;
};

}  // namespace gramgrad::cuda_on_cpu
