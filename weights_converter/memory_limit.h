// How much memory a file of somebody else's may cost. A few kilobytes of a compressed file can
// stand for terabytes, and the libraries that unpack them believe it.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <new>
#include <optional>

#include "kernels/check.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

// As long as it lives, what this process allocates beyond `bytes` more than it has now is refused
// (operator new throws, malloc gives null): mapped files do not count. Without a number it lifts
// the limits that are in force. The destructor puts back what was before. Limits nest; they are the
// whole process's, threads included. With a sanitizer, which maps terabytes, it does nothing.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::optional<std::uint64_t> bytes);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  std::optional<rlimit> before_;
};

// More than reading an honest file of this size takes: 1 GiB, more than twice the largest tensor of
// any VGG (fc6 in f32, 411 MB), the stacks of the threads, and four times the file, whose numbers
// may be of one byte and become floats.
std::uint64_t reading_memory(std::uint64_t file_bytes);

// What `action`, which reads `file`, returns. Throws Error if it allocates more than that.
template <typename Action>
auto with_reading_memory(const InputFile& file, Action action) {
  const std::uint64_t bytes = reading_memory(file.bytes().size());
  const MemoryLimit limit(bytes);
  try {
    return action();
  } catch (const std::bad_alloc&) {
    fail(
        "{}: takes more than {} MB of memory to read, which no VGG in a file of its size does; it "
        "is damaged, or made to use up memory",
        file.path, bytes / 1'000'000);
  }
}

}  // namespace gramgrad::converter
