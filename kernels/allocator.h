// Caching allocator: memory that a device has handed out once is kept and reused, so that after the
// first iteration nothing is asked of the system any more and every iteration sees the same
// addresses.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace gramgrad {

// Where a device's memory comes from. `allocate` returns 64-byte aligned memory or nullptr.
struct RawMemory {
  std::function<void*(std::size_t bytes)> allocate;
  std::function<void(void* memory, std::size_t bytes)> release;
  // What is left and what would help, for an error message; none: nothing is known.
  std::function<std::string()> shortage = {};
};

struct MemoryStatistics {
  std::size_t current = 0;      // bytes in live tensors, each rounded up to 64
  std::size_t peak = 0;         // largest `current` since the start or reset_peak()
  std::size_t reserved = 0;     // bytes taken from the system: live and cached
  std::size_t allocations = 0;  // number of times that the system was asked
};

// Best fit with splitting and coalescing inside segments taken from the system. Thread-safe.
// Under AddressSanitizer nothing is cached: every tensor is its own system allocation, so that an
// access past its end is caught.
class CachingAllocator {
 public:
  explicit CachingAllocator(RawMemory raw) : raw_(std::move(raw)) {}
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

  // 64-byte aligned, uninitialised memory. Throws Error when there is none: it names what was asked
  // for and what is in use.
  void* allocate(std::size_t bytes);
  void release(void* memory) noexcept;

  // From begin_reservation() to end_reservation(), what is allocated belongs to the reservation,
  // also after its release: nobody else is given it until drop_reservation(). So what was recorded
  // with its addresses can be replayed. One reservation at a time can be open.
  int begin_reservation();
  void end_reservation() noexcept;
  void drop_reservation(int reservation) noexcept;

  MemoryStatistics statistics() const;
  void reset_peak();
  // Gives segments with nothing live in them back to the system.
  void release_cached();

 private:
  struct Block {
    std::size_t bytes;
    bool free;
    std::byte* segment;  // start of the segment that holds the block
    int owner;           // a reservation; everybody
  };
  static constexpr int everybody = 0;
  using Blocks = std::map<std::byte*, Block>;

  Blocks::iterator find_free(std::size_t bytes);
  Blocks::iterator add_segment(std::size_t bytes);
  // Merges a block that is becoming free with its free neighbours, and lists it.
  void list_as_free(Blocks::iterator block);
  bool can_merge(const Block& first, const Block& second) const;
  void release_cached_locked();

  RawMemory raw_;
  mutable std::mutex mutex_;
  Blocks blocks_;                                            // every block, by address
  std::set<std::tuple<int, std::size_t, std::byte*>> free_;  // free blocks, by owner and size
  int open_ = everybody;                                     // the reservation that is open
  int last_reservation_ = everybody;
  MemoryStatistics statistics_;
};

}  // namespace gramgrad
