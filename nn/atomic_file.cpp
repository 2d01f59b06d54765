// POSIX only: rename is atomic within one file system, hence the temporary file's place.
#include "nn/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "kernels/check.h"

namespace gramgrad::nn {
namespace {

namespace fs = std::filesystem;

// The file that `path` leads to, which need not exist. std::filesystem's own functions leave a link
// to a missing file unresolved.
std::string follow_links(const std::string& path) {
  constexpr int most_links = 40;  // Linux's own limit
  fs::path target = path;
  std::error_code error;
  for (int links = 0; fs::is_symlink(target, error); ++links) {
    check(links < most_links, "{}: cannot be written: its symbolic links go round in a circle",
          path);
    const fs::path next = fs::read_symlink(target, error);
    check(!error, "{}: cannot be written ({}); choose another path", path, error.message());
    target = target.parent_path() / next;  // an absolute `next` replaces the whole
  }
  return target.string();
}

std::string directory_of(const std::string& target) {
  const fs::path parent = fs::path(target).parent_path();
  return parent.empty() ? "." : parent.string();
}

// The state of an existing target must allow replacing it.
void check_target(const std::string& path, const std::string& target) {
  const std::string directory = directory_of(target);
  struct stat state {};
  check(stat(directory.c_str(), &state) == 0,
        "{}: cannot be written: its directory '{}' does not exist or cannot be entered ({}); "
        "create it first",
        path, directory, std::strerror(errno));
  check(S_ISDIR(state.st_mode), "{}: cannot be written: '{}' is not a directory", path, directory);
  if (stat(target.c_str(), &state) != 0) {
    check(errno == ENOENT, "{}: cannot be written ({}); choose another path", path,
          std::strerror(errno));
    return;
  }
  check(!S_ISDIR(state.st_mode), "{}: cannot be written: it is a directory; name a file in it",
        path);
  check(S_ISREG(state.st_mode), "{}: cannot be written: it is not a regular file", path);
  check(access(target.c_str(), W_OK) == 0,
        "{}: exists and cannot be overwritten ({}); choose another path", path,
        std::strerror(errno));
}

std::string temporary_prefix(int process_id) {
  return fmt::format(".gramgrad-{}-", process_id);
}

// Opens a new file under a name that nobody uses, with the permissions that the umask grants
// (mkstemp would make the final file private).
int open_temporary(const std::string& directory, std::string& name) {
  constexpr int attempts = 1000;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    name = fmt::format("{}/{}{}.tmp", directory, temporary_prefix(getpid()), attempt);
    const int descriptor = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) {
      return descriptor;
    }
  }
  return -1;
}

void sync_directory(const std::string& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    fsync(descriptor);  // some file systems cannot; the file itself is safe already
    close(descriptor);
  }
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  check(!path.empty(), "the output path is empty; name a file to write");
  check(path.back() != '/', "{}: cannot be written: it names a directory; name a file in it", path);
  target_ = follow_links(path);
  check_target(path, target_);
  const std::string directory = directory_of(target_);
  const int descriptor = open_temporary(directory, temporary_);
  check(descriptor >= 0,
        "{}: cannot be written: no file can be created in '{}' ({}); choose another directory",
        path, directory, std::strerror(errno));
  stream_ = fdopen(descriptor, "wb");
  if (stream_ == nullptr) {
    const int reason = errno;
    close(descriptor);
    unlink(temporary_.c_str());
    fail("{}: cannot be written ({})", path, std::strerror(reason));
  }
}

AtomicFile::~AtomicFile() {
  if (stream_ != nullptr) {
    std::fclose(stream_);
  }
  if (!temporary_.empty()) {
    unlink(temporary_.c_str());
  }
}

void AtomicFile::commit() {
  check(stream_ != nullptr, "{}: was committed before", path_);
  struct stat existing {};
  errno = 0;
  bool written = std::fflush(stream_) == 0 && std::ferror(stream_) == 0;
  if (written && stat(target_.c_str(), &existing) == 0) {
    written = fchmod(fileno(stream_), existing.st_mode & 0777) == 0;
  }
  written = written && fsync(fileno(stream_)) == 0;
  const int reason = errno;
  const bool closed = std::fclose(stream_) == 0;
  stream_ = nullptr;
  check(written && closed, "{}: cannot be written ({}); free some space or choose another path",
        path_, std::strerror(written ? errno : reason));
  check(std::rename(temporary_.c_str(), target_.c_str()) == 0,
        "{}: cannot be written ({}); choose another path", path_, std::strerror(errno));
  temporary_.clear();
  sync_directory(directory_of(target_));
}

void check_writable(const std::string& path) {
  const AtomicFile probe(path);
}

void remove_abandoned(const std::string& path, int process_id) noexcept {
  try {
    const std::string prefix = temporary_prefix(process_id);
    for (const fs::directory_entry& entry :
         fs::directory_iterator(directory_of(follow_links(path)))) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(prefix) && name.ends_with(".tmp")) {
        unlink(entry.path().c_str());
      }
    }
  } catch (const std::exception&) {  // a directory that cannot be read: nothing to do about it
  }
}

}  // namespace gramgrad::nn
