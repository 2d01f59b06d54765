// What the system says about its caches.
#include "kernels/cpu/cache.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace gramgrad::cpu {
namespace {

// Not sysconf(): on some processors glibc answers with the caches of the whole machine.
std::int64_t largest_cache_of_first_core() {
  std::int64_t largest = 0;
  for (int index = 0;; ++index) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) +
                       "/size");
    std::int64_t kib = 0;
    if (!(file >> kib)) {
      return largest << 10;
    }
    largest = std::max(largest, kib);
  }
}

}  // namespace

std::int64_t shared_cache_bytes() {
  static const std::int64_t bytes = largest_cache_of_first_core();
  return bytes;
}

}  // namespace gramgrad::cpu
