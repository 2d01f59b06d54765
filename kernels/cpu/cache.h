// Which cache a matrix stays in while it is worked on.
#pragma once

#include <cstdint>

namespace gramgrad::cpu {

enum class Cache {
  own,     // one core's: nothing needs to be done
  shared,  // one that cores share: what is read or written soon is prefetched
  none,    // more than fits: written past the caches, so that it neither waits for what lay there
           // nor drives out what is read sooner; prefetched like `shared`
};

// What one store past the caches must fill: parts of lines would be slow.
constexpr std::int64_t cache_line_bytes = 64;
constexpr std::int64_t cache_line_floats = cache_line_bytes / 4;

// The size of the cache that all cores share, as the system reports it; 0 if it does not.
std::int64_t shared_cache_bytes();

}  // namespace gramgrad::cpu
