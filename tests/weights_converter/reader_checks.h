// What the tests of all readers share: files in memory, errors as text, and damage.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>

#include "kernels/check.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

using Reader = std::function<Source(InputFilePtr)>;

inline std::string data_path(const std::string& name) {
  return std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/data/" + name;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::span<const std::byte> bytes_of(const std::string& contents) {
  return std::as_bytes(std::span(contents));
}

// A file in memory that has a path as long as it lives.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& bytes) : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
    EXPECT_EQ(write(descriptor_, bytes.data(), bytes.size()), std::ssize(bytes));
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// A file of these bytes that is called "input" in messages.
inline InputFilePtr file_of(const std::string& bytes) {
  const MemoryFile file(bytes);
  return std::make_shared<const InputFile>(InputFile{"input", nn::MappedFile(file.path())});
}

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// What reading the file and all of its tensors says: nothing if it is in order. No reader promises
// more numbers than the best compression could hold.
inline std::string error_of_reading(const InputFilePtr& file, const Reader& read) {
  return error_of([&] {
    for (const SourceTensor& tensor : read(file).tensors) {
      if (tensor.read) {
        ASSERT_LE(tensor.element_count(), std::ssize(file->bytes()) * 1032) << tensor.name;
        read_all(tensor);
      }
    }
  });
}
inline std::string error_of_reading(const std::string& bytes, const Reader& read) {
  return error_of_reading(file_of(bytes), read);
}

// How many damaged files were refused.
struct Refused {
  std::size_t cut = 0;
  std::size_t changed = 0;
};

// Reads every beginning of the file, in steps, and the file with one of its first `changed` bytes
// changed, in steps, in several ways. What is refused must be so in one line that begins with the
// path.
inline Refused try_damage(const std::string& whole, const Reader& read, std::size_t step = 1,
                          std::size_t changed = std::string::npos) {
  const MemoryFile undamaged(whole);
  EXPECT_EQ(error_of_reading(open_input(undamaged.path()), read), "");
  const auto refuses = [&](const std::string& bytes, std::size_t at) -> std::size_t {
    const MemoryFile memory(bytes);
    const std::string error = error_of_reading(open_input(memory.path()), read);
    EXPECT_TRUE(error.empty() || error.starts_with(memory.path() + ": ")) << at << " " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    return error.empty() ? 0 : 1;
  };
  Refused refused;
  for (std::size_t size = 0; size < whole.size(); size += step) {
    refused.cut += refuses(whole.substr(0, size), size);
  }
  for (std::size_t at = 0; at < std::min(changed, whole.size()); at += step) {
    for (const unsigned mask : {0x01U, 0x08U, 0x80U, 0xffU}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ mask);
      refused.changed += refuses(damaged, at);
    }
  }
  return refused;
}

// The same for a file of the tests' data no beginning of which is whole.
inline void expect_damage_is_seen(const std::string& name, const Reader& read, std::size_t step = 1,
                                  std::size_t changed = std::string::npos) {
  const std::string whole = read_bytes(data_path(name));
  const Refused refused = try_damage(whole, read, step, changed);
  EXPECT_EQ(refused.cut, (whole.size() + step - 1) / step) << name << ": a cut file was read";
  EXPECT_TRUE(refused.changed > 0 || changed < whole.size()) << name;
}

}  // namespace gramgrad::converter
