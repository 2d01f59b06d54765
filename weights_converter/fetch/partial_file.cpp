// POSIX only: advisory locks and rename.
#include "weights_converter/fetch/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "kernels/check.h"

namespace gramgrad::converter {

PartialFile::PartialFile(const std::string& output) : output_(output), path_(output + ".part") {
  // O_NOFOLLOW: a link left here by somebody else must not lead to another file.
  descriptor_ =
      open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  check(descriptor_ >= 0, "{}: cannot be written ({}); choose another path", path_,
        std::strerror(errno));
  struct stat state {};
  const bool regular = fstat(descriptor_, &state) == 0 && S_ISREG(state.st_mode);
  const bool ours = regular && flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  if (!ours) {
    close(descriptor_);
    check(regular, "{}: is not a regular file; remove it or choose another path", path_);
    fail("{}: another download is writing it; wait for it or choose another path", path_);
  }
  size_ = static_cast<std::uint64_t>(state.st_size);
}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) {
    close(descriptor_);
  }
}

void PartialFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      const int reason = errno;
      remove();
      fail("{}: cannot be written ({}); free some space or choose another path", path_,
           std::strerror(reason));
    }
    size_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void PartialFile::clear() {
  check(ftruncate(descriptor_, 0) == 0, "{}: cannot be written ({})", path_, std::strerror(errno));
  size_ = 0;
}

void PartialFile::remove() {
  unlink(path_.c_str());
}

void PartialFile::commit() {
  check(fsync(descriptor_) == 0 && std::rename(path_.c_str(), output_.c_str()) == 0,
        "{}: cannot be written ({}); choose another path", output_, std::strerror(errno));
}

}  // namespace gramgrad::converter
