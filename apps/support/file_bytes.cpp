// Reads in pieces until the end: the size that the file system states is wrong for pipes.
#include "apps/support/file_bytes.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

constexpr std::size_t piece_bytes = std::size_t{1} << 18;

}  // namespace

std::vector<unsigned char> read_file(const std::string& path, std::size_t max_bytes) {
  std::error_code ignored;
  check(!std::filesystem::is_directory(path, ignored), "{}: is a directory; name a file in it",
        path);
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  check(file != nullptr, "{}: cannot be opened ({}); check the path and its permissions", path,
        std::strerror(errno));

  std::vector<unsigned char> bytes;
  std::size_t got = 0;
  do {
    const std::size_t start = bytes.size();
    bytes.resize(start + piece_bytes);
    got = std::fread(bytes.data() + start, 1, piece_bytes, file.get());
    bytes.resize(start + got);
    check(bytes.size() <= max_bytes, "{}: is larger than {} MB, the limit for such a file", path,
          max_bytes / 1000000);
  } while (got == piece_bytes);
  check(std::ferror(file.get()) == 0, "{}: cannot be read ({}); check the disk and try again", path,
        std::strerror(errno));
  check(!bytes.empty(), "{}: the file is empty; copy or export it again", path);
  return bytes;
}

}  // namespace gramgrad::apps
