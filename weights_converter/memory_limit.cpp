// RLIMIT_DATA: private memory that can be written. (RLIMIT_AS would count mapped files too, and
// what a GPU's driver reserves.)
#include "weights_converter/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

namespace gramgrad::converter {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

// What counts against the limit now; nothing where the system does not tell.
std::optional<std::uint64_t> data_in_use() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  for (int column = 0; column < 6; ++column) {  // size resident shared text lib data
    statm >> pages;
  }
  return statm ? std::optional(pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)))
               : std::nullopt;
}

}  // namespace

MemoryLimit::MemoryLimit(std::optional<std::uint64_t> bytes) {
  const auto used = data_in_use();
  rlimit limit{};
  if (sanitized || !used || getrlimit(RLIMIT_DATA, &limit) != 0) {
    return;
  }
  before_ = limit;
  limit.rlim_cur = limit.rlim_max;
  if (bytes) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, *used + *bytes);
  }
  setrlimit(RLIMIT_DATA, &limit);
}

MemoryLimit::~MemoryLimit() {
  if (before_) {
    setrlimit(RLIMIT_DATA, &*before_);
  }
}

std::uint64_t reading_memory(std::uint64_t file_bytes) {
  constexpr std::uint64_t gigabyte = std::uint64_t{1} << 30;
  constexpr std::uint64_t stack = std::uint64_t{16} << 20;  // of a thread; 8 MB are usual
  return gigabyte + stack * std::thread::hardware_concurrency() + 4 * file_bytes;
}

}  // namespace gramgrad::converter
