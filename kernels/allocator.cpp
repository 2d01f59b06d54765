// Caching allocator: best fit, split on allocation, coalesce on release.
#include "kernels/allocator.h"

#include <algorithm>

#include "kernels/check.h"

namespace gramgrad {
namespace {

constexpr std::size_t alignment = 64;
// Small tensors share a segment; large ones get one of their own size.
constexpr std::size_t smallest_segment = std::size_t{2} << 20;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool caching = false;
#elif defined(__has_feature)
constexpr bool caching = !__has_feature(address_sanitizer);
#else
constexpr bool caching = true;
#endif

std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return std::max(unit, (bytes + unit - 1) / unit * unit);
}

}  // namespace

CachingAllocator::~CachingAllocator() {
  for (const auto& [address, block] : blocks_) {
    if (address == block.segment) {
      std::size_t bytes = 0;
      for (auto it = blocks_.find(address); it != blocks_.end() && it->second.segment == address;
           ++it) {
        bytes += it->second.bytes;
      }
      raw_.release(address, bytes);
    }
  }
}

void* CachingAllocator::allocate(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  check(bytes <= (std::size_t{1} << 62), "cannot allocate {} bytes", bytes);
  bytes = rounded_up(bytes, alignment);
  auto block = find_free(bytes);
  if (block == blocks_.end()) {
    block = add_segment(bytes);
  }
  free_.erase({block->second.owner, block->second.bytes, block->first});
  if (block->second.bytes > bytes) {
    std::byte* rest = block->first + bytes;
    const Block& whole = block->second;
    blocks_[rest] = {whole.bytes - bytes, true, whole.segment, whole.owner};
    free_.insert({whole.owner, whole.bytes - bytes, rest});
    block->second.bytes = bytes;
  }
  block->second.owner = open_ == everybody ? block->second.owner : open_;
  block->second.free = false;
  statistics_.current += bytes;
  statistics_.peak = std::max(statistics_.peak, statistics_.current);
  return block->first;
}

void CachingAllocator::release(void* memory) noexcept {
  const std::lock_guard lock(mutex_);
  const auto block = blocks_.find(static_cast<std::byte*>(memory));
  statistics_.current -= block->second.bytes;
  list_as_free(block);
  if (!caching) {
    release_cached_locked();
  }
}

int CachingAllocator::begin_reservation() {
  const std::lock_guard lock(mutex_);
  check(open_ == everybody, "only one iteration can be recorded at a time on a device");
  open_ = ++last_reservation_;
  return open_;
}

void CachingAllocator::end_reservation() noexcept {
  const std::lock_guard lock(mutex_);
  open_ = everybody;
}

void CachingAllocator::drop_reservation(int reservation) noexcept {
  const std::lock_guard lock(mutex_);
  for (auto& [address, block] : blocks_) {
    if (block.owner == reservation) {
      if (block.free) {
        free_.erase({reservation, block.bytes, address});
        free_.insert({everybody, block.bytes, address});
      }
      block.owner = everybody;
    }
  }
  // Now that they have one owner, neighbours grow together.
  for (auto block = blocks_.begin(); block != blocks_.end(); ++block) {
    while (block->second.free && std::next(block) != blocks_.end() &&
           can_merge(block->second, std::next(block)->second)) {
      free_.erase({everybody, block->second.bytes, block->first});
      list_as_free(block);
    }
  }
  if (!caching) {
    release_cached_locked();
  }
}

MemoryStatistics CachingAllocator::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void CachingAllocator::reset_peak() {
  const std::lock_guard lock(mutex_);
  statistics_.peak = statistics_.current;
}

void CachingAllocator::release_cached() {
  const std::lock_guard lock(mutex_);
  release_cached_locked();
}

CachingAllocator::Blocks::iterator CachingAllocator::find_free(std::size_t bytes) {
  for (const int owner : {open_, everybody}) {
    const auto fit = free_.lower_bound({owner, bytes, nullptr});
    if (fit != free_.end() && std::get<int>(*fit) == owner) {
      return blocks_.find(std::get<std::byte*>(*fit));
    }
  }
  return blocks_.end();
}

CachingAllocator::Blocks::iterator CachingAllocator::add_segment(std::size_t bytes) {
  const std::size_t segment_bytes = caching ? rounded_up(bytes, smallest_segment) : bytes;
  void* memory = raw_.allocate(segment_bytes);
  if (memory == nullptr) {
    // What is cached in pieces of other sizes may be what is missing.
    release_cached_locked();
    memory = raw_.allocate(segment_bytes);
  }
  constexpr double mebibyte = 1 << 20;
  check(memory != nullptr,
        "out of memory: {:.1f} MiB asked for, {:.1f} MiB in use by tensors{}; a smaller --size or "
        "--history needs less, and so does --optimizer adam",
        static_cast<double>(bytes) / mebibyte, static_cast<double>(statistics_.current) / mebibyte,
        raw_.shortage ? ", " + raw_.shortage() : "");
  statistics_.reserved += segment_bytes;
  ++statistics_.allocations;
  auto* segment = static_cast<std::byte*>(memory);
  free_.insert({everybody, segment_bytes, segment});
  return blocks_.insert({segment, {segment_bytes, true, segment, everybody}}).first;
}

bool CachingAllocator::can_merge(const Block& first, const Block& second) const {
  return second.free && first.segment == second.segment && first.owner == second.owner;
}

void CachingAllocator::list_as_free(Blocks::iterator block) {
  block->second.free = true;
  const auto absorb_next = [&] {
    const auto next = std::next(block);
    free_.erase({next->second.owner, next->second.bytes, next->first});
    block->second.bytes += next->second.bytes;
    blocks_.erase(next);
  };
  if (std::next(block) != blocks_.end() && can_merge(block->second, std::next(block)->second)) {
    absorb_next();
  }
  if (block != blocks_.begin() && can_merge(block->second, std::prev(block)->second)) {
    --block;
    free_.erase({block->second.owner, block->second.bytes, block->first});
    block->second.bytes += std::next(block)->second.bytes;
    blocks_.erase(std::next(block));
  }
  free_.insert({block->second.owner, block->second.bytes, block->first});
}

void CachingAllocator::release_cached_locked() {
  for (auto block = blocks_.begin(); block != blocks_.end();) {
    const auto next = std::next(block);
    const bool whole_segment = block->second.free && block->second.owner == everybody &&
                               block->first == block->second.segment &&
                               (next == blocks_.end() || next->second.segment != block->first);
    if (whole_segment) {
      free_.erase({everybody, block->second.bytes, block->first});
      statistics_.reserved -= block->second.bytes;
      raw_.release(block->first, block->second.bytes);
      blocks_.erase(block);
    }
    block = next;
  }
}

}  // namespace gramgrad
