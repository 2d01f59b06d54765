// Mapping of files through POSIX mmap.
#include "nn/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "kernels/check.h"

namespace gramgrad::nn {
namespace {

[[noreturn]] void fail_system(const std::filesystem::path& path, const char* what, int error) {
  fail("{}: {}: {}", path.string(), what, std::generic_category().message(error));
}

// Closes at the end of the scope; the mapping outlives its descriptor.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(value_); }
  int get() const { return value_; }

 private:
  int value_;
};

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a named pipe must not wait for somebody to write into it.
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0) {
    fail_system(path, "cannot be opened for reading", errno);
  }
  const Descriptor file(opened);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    fail_system(path, "cannot be examined", errno);
  }
  check(!S_ISDIR(status.st_mode), "{}: is a directory; give the path of a file", path.string());
  check(S_ISREG(status.st_mode), "{}: is not a regular file; give the path of a file on disk",
        path.string());
  if (status.st_size == 0) {
    return;  // mmap refuses an empty range
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) {
    fail_system(path, "cannot be mapped into memory", errno);
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
}

void MappedFile::release() const noexcept {
  if (!bytes_.empty()) {
    ::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
  }
}

}  // namespace gramgrad::nn
