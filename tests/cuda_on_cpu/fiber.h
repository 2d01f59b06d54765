// A fiber: a stack of its own, run until it suspends itself. All fibers and the scheduler share one
// thread of the operating system; sanitizers are told of every switch.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

#include "tests/cuda_on_cpu/sanitizers.h"

namespace gramgrad::cuda_on_cpu {

// Built on Boost.Context's fcontext and not on its class fiber, which unwinds the stack of what it
// abandons: a deadlocked kernel has nothing to unwind, and sanitizers would have to be told.
class Fiber {
 public:
  // entry(argument) must neither return nor throw.
  Fiber(void (*entry)(void*), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Called by the scheduler: runs the fiber until it suspends.
  void resume();
  // Called by the fiber: back to the scheduler.
  void suspend();
  // Called by the scheduler: forgets what the fiber was doing; it will start at its entry.
  void restart();

 private:
  static void start(boost::context::detail::transfer_t from_scheduler);

  void (*entry_)(void*);
  void* argument_;
  std::byte* stack_;
  boost::context::detail::fcontext_t fiber_ = nullptr;
  boost::context::detail::fcontext_t scheduler_ = nullptr;
#if defined(CUDA_ON_CPU_ASAN)
  const void* scheduler_stack_ = nullptr;
  std::size_t scheduler_stack_bytes_ = 0;
#endif
#if defined(CUDA_ON_CPU_TSAN)
  void* fiber_identity_ = nullptr;
  void* scheduler_identity_ = nullptr;
#endif
};

}  // namespace gramgrad::cuda_on_cpu
