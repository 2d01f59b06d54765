// A download that is not complete yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace gramgrad::converter {

// `<output>.part`, held by one process at a time. Kept when it goes out of scope, for a later
// download to go on with.
class PartialFile {
 public:
  // Opens or makes it. Throws Error when it cannot be written, or another process holds it.
  explicit PartialFile(const std::string& output);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  // Appends. When the disk refuses, removes the file and throws Error.
  void append(std::span<const std::byte> bytes);
  void clear();
  void remove();
  // Flushes to the disk and gives the file its final name. Throws Error when that fails.
  void commit();

 private:
  std::string output_;
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace gramgrad::converter
