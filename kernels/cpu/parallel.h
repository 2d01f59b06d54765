// Loops over several threads. How work is cut never depends on the number of threads, so neither do
// the results.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/ceil_div.h"

namespace gramgrad::cpu {

// Elements of a flat tensor that one task takes.
constexpr std::int64_t elements_per_task = 16384;

// body(i, slot) for every i in [0, count), in any order; `slot` in [0, threads) is the number of
// the thread, for memory of its own. `body` must not throw. Every parallel region has the same
// number of threads: OpenMP would otherwise end threads and start them again.
template <typename Body>
void parallel_for_slots(int threads, std::int64_t count, const Body& body) {
  if (threads == 1 || count <= 1) {
    for (std::int64_t i = 0; i < count; ++i) {
      body(i, 0);
    }
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (std::int64_t i = 0; i < count; ++i) {
    body(i, omp_get_thread_num());
  }
}

// The same where threads need no memory of their own.
template <typename Body>
void parallel_for(int threads, std::int64_t count, const Body& body) {
  parallel_for_slots(threads, count, [&](std::int64_t i, int) { body(i); });
}

// body(begin, end) for ranges of at most `grain` that cover [0, count).
template <typename Body>
void parallel_ranges(int threads, std::int64_t count, std::int64_t grain, const Body& body) {
  parallel_for(threads, ceil_div(count, grain),
               [&](std::int64_t i) { body(i * grain, std::min(count, (i + 1) * grain)); });
}

}  // namespace gramgrad::cpu
