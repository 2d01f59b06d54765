// Fibers, and what sanitizers must know of them. Under ThreadSanitizer this file is compiled
// without it: every fiber is a thread of its own to it, and the scheduler's bookkeeping would look
// like races.
#include "tests/cuda_on_cpu/fiber.h"

#include <sys/mman.h>

#include "kernels/check.h"

namespace gramgrad::cuda_on_cpu {
namespace {

namespace context = boost::context::detail;

constexpr std::size_t stack_bytes = 256 * 1024;
constexpr std::size_t guard_bytes = 4096;  // below the stack: an overflow is a fault

std::byte* map_stack() {
  void* memory = mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check(memory != MAP_FAILED, "no memory for a fiber's stack");
  mprotect(memory, guard_bytes, PROT_NONE);
  return static_cast<std::byte*>(memory) + guard_bytes;
}

}  // namespace

Fiber::Fiber(void (*entry)(void*), void* argument)
    : entry_(entry), argument_(argument), stack_(map_stack()) {
  restart();
}

Fiber::~Fiber() {
#if defined(CUDA_ON_CPU_TSAN)
  __tsan_destroy_fiber(fiber_identity_);
#endif
  munmap(stack_ - guard_bytes, guard_bytes + stack_bytes);
}

void Fiber::restart() {
  allow(stack_, stack_bytes);  // what the abandoned frames had forbidden
#if defined(CUDA_ON_CPU_TSAN)
  if (fiber_identity_ != nullptr) {  // all that it did comes before what follows
    void* self = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber_identity_, 0);
    __tsan_switch_to_fiber(self, 0);
    __tsan_destroy_fiber(fiber_identity_);
  }
  fiber_identity_ = __tsan_create_fiber(0);
#endif
  fiber_ = context::make_fcontext(stack_ + stack_bytes, stack_bytes, start);
}

void Fiber::start(context::transfer_t from_scheduler) {
  auto* self = static_cast<Fiber*>(from_scheduler.data);
#if defined(CUDA_ON_CPU_ASAN)
  __sanitizer_finish_switch_fiber(nullptr, &self->scheduler_stack_, &self->scheduler_stack_bytes_);
#endif
  self->scheduler_ = from_scheduler.fctx;
  self->entry_(self->argument_);
}

void Fiber::resume() {
#if defined(CUDA_ON_CPU_TSAN)
  scheduler_identity_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber_identity_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(CUDA_ON_CPU_ASAN)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_, stack_bytes);
#endif
  fiber_ = context::jump_fcontext(fiber_, this).fctx;
#if defined(CUDA_ON_CPU_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
#if defined(CUDA_ON_CPU_TSAN)
  __tsan_switch_to_fiber(scheduler_identity_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(CUDA_ON_CPU_ASAN)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, scheduler_stack_, scheduler_stack_bytes_);
#endif
  scheduler_ = context::jump_fcontext(scheduler_, nullptr).fctx;
#if defined(CUDA_ON_CPU_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack, &scheduler_stack_, &scheduler_stack_bytes_);
#endif
}

}  // namespace gramgrad::cuda_on_cpu
