// A regular file mapped into memory for reading.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace gramgrad::nn {

// Pages are read when first touched and shared between processes. The mapping follows the file: one
// who cuts the file short while it is mapped takes the pages away. Programs that replace a file by
// rename, as write_weights does, leave the mapping of the old file whole.
class MappedFile {
 public:
  MappedFile() = default;
  // Throws Error, beginning with the path, if it names no readable regular file.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

  // Gives the pages back to the system, which reads them again when they are touched again: for
  // files that are larger than what the process should seem to need.
  void release() const noexcept;

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace gramgrad::nn
