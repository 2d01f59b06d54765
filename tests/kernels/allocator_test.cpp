// The caching allocator: reuse, splitting, coalescing, statistics, running out, threads.
#include "kernels/allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "kernels/check.h"

namespace gramgrad {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif

constexpr std::size_t mebibyte = std::size_t{1} << 20;

// A system with a limit, which keeps count of what it gave.
std::size_t system_limit = SIZE_MAX;
std::size_t system_bytes = 0;

void* take(std::size_t bytes) {
  if (bytes > system_limit - system_bytes) {
    return nullptr;
  }
  system_bytes += bytes;
  return std::aligned_alloc(64, bytes);
}

void give_back(void* memory, std::size_t bytes) {
  system_bytes -= bytes;
  std::free(memory);
}

class Allocator : public testing::Test {
 protected:
  Allocator() {
    system_limit = SIZE_MAX;
    system_bytes = 0;
  }

  CachingAllocator allocator_{{take, give_back, [] { return std::string("1 MiB left"); }}};
};

// What holds only where memory is kept for reuse.
class AllocatorCache : public Allocator {
 protected:
  void SetUp() override {
    if (!caching) {
      GTEST_SKIP() << "nothing is cached under AddressSanitizer";
    }
  }
};

TEST_F(Allocator, AlignsAndSeparates) {
  std::vector<std::byte*> blocks;
  for (std::size_t bytes = 0; bytes < 300; ++bytes) {
    auto* block = static_cast<std::byte*>(allocator_.allocate(bytes));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U);
    std::memset(block, static_cast<int>(bytes % 251), bytes);
    blocks.push_back(block);
  }
  for (std::size_t bytes = 0; bytes < blocks.size(); ++bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      ASSERT_EQ(blocks[bytes][i], static_cast<std::byte>(bytes % 251));
    }
    allocator_.release(blocks[bytes]);
  }
  EXPECT_EQ(allocator_.statistics().current, 0U);
}

TEST_F(AllocatorCache, ReusesWhatWasReleased) {
  void* first = allocator_.allocate(3 * mebibyte);
  allocator_.release(first);
  EXPECT_EQ(allocator_.allocate(3 * mebibyte), first);
  EXPECT_EQ(allocator_.statistics().allocations, 1U);
  allocator_.release(first);
}

TEST_F(AllocatorCache, SmallBlocksShareASegment) {
  std::vector<void*> blocks;
  for (int i = 0; i < 100; ++i) {
    blocks.push_back(allocator_.allocate(1000));
  }
  EXPECT_EQ(allocator_.statistics().allocations, 1U);
  for (void* block : blocks) {
    allocator_.release(block);
  }
}

TEST_F(AllocatorCache, CoalescesNeighboursInAnyOrder) {
  for (const auto& order : {std::vector{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}}) {
    std::vector<void*> blocks;
    for (int i = 0; i < 3; ++i) {
      blocks.push_back(allocator_.allocate(mebibyte / 2));
    }
    for (const int i : order) {
      allocator_.release(blocks[static_cast<std::size_t>(i)]);
    }
    void* whole = allocator_.allocate(2 * mebibyte);  // the whole segment again
    EXPECT_EQ(whole, blocks[0]);
    allocator_.release(whole);
  }
  EXPECT_EQ(allocator_.statistics().allocations, 1U);
}

TEST_F(AllocatorCache, TakesTheBestFit) {
  void* large = allocator_.allocate(10 * mebibyte);
  void* medium = allocator_.allocate(5 * mebibyte);
  allocator_.release(large);
  allocator_.release(medium);
  void* block = allocator_.allocate(4 * mebibyte);
  EXPECT_EQ(block, medium);
  allocator_.release(block);
}

TEST_F(Allocator, CountsBytes) {
  void* a = allocator_.allocate(100);
  void* b = allocator_.allocate(mebibyte);
  EXPECT_EQ(allocator_.statistics().current, 128 + mebibyte);
  allocator_.release(b);
  EXPECT_EQ(allocator_.statistics().current, 128U);
  EXPECT_EQ(allocator_.statistics().peak, 128 + mebibyte);
  EXPECT_EQ(allocator_.statistics().reserved, system_bytes);
  allocator_.reset_peak();
  EXPECT_EQ(allocator_.statistics().peak, 128U);
  allocator_.release(a);
  EXPECT_EQ(allocator_.statistics().peak, 128U);
}

TEST_F(Allocator, GivesCachedMemoryBack) {
  void* live = allocator_.allocate(4 * mebibyte);
  allocator_.release(allocator_.allocate(6 * mebibyte));
  allocator_.release_cached();
  EXPECT_EQ(system_bytes, 4 * mebibyte);
  EXPECT_EQ(allocator_.statistics().reserved, 4 * mebibyte);
  allocator_.release(live);
  allocator_.release_cached();
  EXPECT_EQ(system_bytes, 0U);
}

TEST_F(Allocator, ReturnsEverythingWhenItDies) {
  {
    CachingAllocator local({take, give_back});
    local.release(local.allocate(5 * mebibyte));
    local.release(local.allocate(100));
  }
  EXPECT_EQ(system_bytes, 0U);
}

TEST_F(Allocator, SaysWhatWasAskedForWhenMemoryRunsOut) {
  system_limit = 4 * mebibyte;
  void* live = allocator_.allocate(3 * mebibyte);
  try {
    allocator_.allocate(2 * mebibyte);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::HasSubstr("2.0 MiB asked for, 3.0 MiB in use by tensors, 1 MiB left; "));
  }
  EXPECT_EQ(allocator_.statistics().current, 3 * mebibyte);
  allocator_.release(live);
}

TEST_F(Allocator, GivesUpItsCacheBeforeItRunsOut) {
  system_limit = 5 * mebibyte;
  allocator_.release(allocator_.allocate(3 * mebibyte));
  void* block = allocator_.allocate(4 * mebibyte);  // fits only without the cached 3 MiB
  EXPECT_NE(block, nullptr);
  allocator_.release(block);
}

// ---------------------------------------------------------------- reservations

TEST_F(AllocatorCache, KeepsAReservationsMemoryForIt) {
  allocator_.release(allocator_.allocate(4 * mebibyte));
  const int reservation = allocator_.begin_reservation();
  void* reserved = allocator_.allocate(3 * mebibyte);  // from what was cached
  allocator_.release(reserved);
  EXPECT_EQ(allocator_.allocate(2 * mebibyte), reserved);  // once more for the reservation
  allocator_.release(reserved);
  allocator_.end_reservation();
  EXPECT_EQ(allocator_.statistics().allocations, 1U);
  void* other = allocator_.allocate(3 * mebibyte);
  EXPECT_NE(other, reserved);
  allocator_.release_cached();
  EXPECT_EQ(allocator_.statistics().reserved, 8 * mebibyte);  // both segments
  allocator_.drop_reservation(reservation);
  EXPECT_EQ(allocator_.allocate(4 * mebibyte), reserved);  // whole again
  allocator_.release(reserved);
  allocator_.release(other);
}

TEST_F(Allocator, LivesThroughTheEndOfAReservation) {
  const int reservation = allocator_.begin_reservation();
  EXPECT_THROW(allocator_.begin_reservation(), Error);
  void* lives_on = allocator_.allocate(mebibyte);
  allocator_.end_reservation();
  allocator_.drop_reservation(reservation);
  EXPECT_EQ(allocator_.statistics().current, mebibyte);
  allocator_.release(lives_on);
  allocator_.release_cached();
  EXPECT_EQ(system_bytes, 0U);
}

TEST_F(Allocator, RefusesImpossibleSizes) {
  EXPECT_THROW(allocator_.allocate(SIZE_MAX), Error);
  EXPECT_THROW(allocator_.allocate(SIZE_MAX / 2), Error);
}

TEST(AllocatorThreads, NeverHandOutTheSameMemory) {
  CachingAllocator allocator({[](std::size_t bytes) { return std::aligned_alloc(64, bytes); },
                              [](void* memory, std::size_t) { std::free(memory); }});
  const auto work = [&](int id) {
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t round = 0; round < 400; ++round) {
      const std::size_t bytes = 64 + round * 37 % 5000;
      auto* block = static_cast<unsigned char*>(allocator.allocate(bytes));
      std::memset(block, id, bytes);
      blocks.emplace_back(block, bytes);
      if (round % 3 != 0) {
        const auto [oldest, size] = blocks[round % blocks.size()];
        const std::vector<unsigned char> expected(size, static_cast<unsigned char>(id));
        EXPECT_EQ(std::memcmp(oldest, expected.data(), size), 0);
        allocator.release(oldest);
        blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(round % blocks.size()));
      }
    }
    for (const auto& block : blocks) {
      allocator.release(block.first);
    }
  };
  std::vector<std::thread> threads;
  for (int id = 1; id <= 4; ++id) {
    threads.emplace_back(work, id);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(allocator.statistics().current, 0U);
}

}  // namespace
}  // namespace gramgrad
