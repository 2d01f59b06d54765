// What the runner tells sanitizers about fibers and memory. Nothing in a build without them.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define CUDA_ON_CPU_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define CUDA_ON_CPU_TSAN 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CUDA_ON_CPU_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define CUDA_ON_CPU_TSAN 1
#endif
#endif

#if defined(CUDA_ON_CPU_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(CUDA_ON_CPU_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

#include <cstddef>

namespace gramgrad::cuda_on_cpu {

#if defined(CUDA_ON_CPU_TSAN)
constexpr bool thread_sanitizer = true;
#else
constexpr bool thread_sanitizer = false;
#endif

// An access to [memory, memory + bytes) is an error from now on, or is allowed again.
inline void forbid([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(CUDA_ON_CPU_ASAN)
  __asan_poison_memory_region(memory, bytes);
#endif
}
inline void allow([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(CUDA_ON_CPU_ASAN)
  __asan_unpoison_memory_region(memory, bytes);
#endif
}

// What a fiber did before release(mark) happened before what another does after acquire(mark).
inline void release([[maybe_unused]] void* mark) {
#if defined(CUDA_ON_CPU_TSAN)
  __tsan_release(mark);
#endif
}
inline void acquire([[maybe_unused]] void* mark) {
#if defined(CUDA_ON_CPU_TSAN)
  __tsan_acquire(mark);
#endif
}

}  // namespace gramgrad::cuda_on_cpu
