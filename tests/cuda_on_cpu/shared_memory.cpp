// Poisoned, fenced shared memory. Compiled without ThreadSanitizer, like fiber.cpp.
#include "tests/cuda_on_cpu/shared_memory.h"

#include <sys/mman.h>

#include <algorithm>

#include "kernels/check.h"
#include "tests/cuda_on_cpu/sanitizers.h"

namespace gramgrad::cuda_on_cpu {
namespace {

constexpr std::size_t arena_bytes = 4 * SharedMemory::limit;
constexpr std::size_t gap = 128;  // also the alignment
constexpr std::byte poison{0xFF};

}  // namespace

SharedMemory::SharedMemory()
    : arena_(static_cast<std::byte*>(
          mmap(nullptr, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
  check(arena_ != MAP_FAILED, "no memory for shared memory");
  std::fill_n(arena_, arena_bytes, poison);  // the gaps too: without a sanitizer, they read as NaN
  clear();
}

SharedMemory::~SharedMemory() {
  allow(arena_, arena_bytes);
  munmap(arena_, arena_bytes);
}

void SharedMemory::clear() {
  forbid(arena_, arena_bytes);
  used_ = 0;
  asked_ = 0;
  objects_.clear();
}

void* SharedMemory::object(const void* key, std::size_t bytes) {
  for (const Object& object : objects_) {
    if (object.key == key) {
      return object.memory;
    }
  }
  asked_ += bytes;
  const std::size_t begin = used_ + gap;
  const std::size_t end = begin + (bytes + gap - 1) / gap * gap;
  if (asked_ > limit || end + gap > arena_bytes) {
    return nullptr;
  }
  used_ = end;
  std::byte* memory = arena_ + begin;
  allow(memory, bytes);
  // Volatile, so that it does not become a memset, which ThreadSanitizer would see.
  volatile std::byte* to_poison = memory;
  for (std::size_t i = 0; i < bytes; ++i) {
    to_poison[i] = poison;
  }
  objects_.push_back({key, memory});
  return memory;
}

bool SharedMemory::contains(const void* address) const {
  const auto* byte = static_cast<const std::byte*>(address);
  return byte >= arena_ && byte < arena_ + arena_bytes;
}

}  // namespace gramgrad::cuda_on_cpu
