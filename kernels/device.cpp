// Device handles, and the devices that compute on the host.
#include "kernels/device.h"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "kernels/check.h"
#include "kernels/device_state.h"
#include "kernels/recorded_step.h"

namespace gramgrad {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

void* allocate_on_host(std::size_t bytes) {
  if (bytes < huge_page) {
    return std::aligned_alloc(64, bytes);
  }
  const std::size_t rounded = (bytes + huge_page - 1) / huge_page * huge_page;
  void* memory = std::aligned_alloc(huge_page, rounded);
  if (memory != nullptr) {
    madvise(memory, rounded, MADV_HUGEPAGE);  // advice only: without it, merely slower
  }
  return memory;
}

void release_on_host(void* memory, std::size_t) {
  std::free(memory);
}

void copy_bytes(void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) {
    std::memcpy(to, from, bytes);
  }
}

}  // namespace

RawMemory host_memory() {
  return {allocate_on_host, release_on_host};
}

Transfers host_transfers() {
  return {copy_bytes, copy_bytes};
}

int available_threads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return CPU_COUNT(&set);
  }
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

Device::Kind Device::kind() const {
  return state_->kind;
}
std::string Device::name() const {
  return state_->name;
}
std::string Device::description() const {
  return state_->description;
}
int Device::threads() const {
  return state_->threads;
}
const Ops& Device::ops() const {
  return state_->ops;
}

bool Device::supports(DType dtype) const {
  return dtype == DType::f32 || dtype == DType::u8 ||
         (dtype == DType::f64 && state_->supports_f64) ||
         (dtype == DType::bf16 && kind() == Kind::cuda);
}

Device Device::with_ops(const Ops& ops) const {
  DeviceState state = *state_;
  state.ops = ops;
  return DeviceState::make_device(std::move(state));
}

MemoryStatistics Device::memory() const {
  return state_->resources->allocator.statistics();
}
void Device::reset_peak_memory() const {
  state_->resources->allocator.reset_peak();
}
void Device::release_cached_memory() const {
  state_->resources->allocator.release_cached();
}

void Device::synchronize() const {
  state_->synchronize();
}

std::function<void()> Device::record(std::function<void()> step) const {
  return state_->recorder ? recorded_step(*this, std::move(step)) : step;
}

bool operator==(const Device& a, const Device& b) {
  return a.state_->resources == b.state_->resources;
}

}  // namespace gramgrad
