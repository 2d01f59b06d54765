// Runs CUDA kernels on the CPU, for tests: one fiber a CUDA thread, one block at a time, in a
// chosen order. Barriers and warp operations are where threads wait for each other, as on a GPU;
// what a GPU leaves undefined (a barrier that some threads miss, a shuffle from a lane that is not
// there) is a named error. Not thread-safe: one kernel at a time in a process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/check.h"

namespace gramgrad::cuda_on_cpu {

// A kernel did something that has no defined result. what() says what and where.
class KernelError : public Error {
 public:
  using Error::Error;
};

// In which order blocks, and the threads that are ready to run, take their turns.
enum class Order { forward, reverse, random };

struct Settings {
  Order order = Order::forward;
  std::uint64_t seed = 1;  // of the random order
};
void configure(const Settings& settings);

struct Extent {
  unsigned x = 1, y = 1, z = 1;
  std::uint64_t count() const { return std::uint64_t{x} * y * z; }
};

// Runs body once for each thread of the grid. Throws KernelError; the kernel is then abandoned.
void run_grid(const Extent& grid, const Extent& block, const std::function<void()>& body);

// ---------------------------------------------------------------- launches

// Runs the grid, or, while launches are recorded, notes it with its arguments.
void launch_grid(const Extent& grid, const Extent& block, const std::function<void()>& body);

// Stands for the capture of a stream: launches between the two are noted, not run. end_recording()
// returns what runs them all.
void begin_recording();
std::function<void()> end_recording();
bool is_recording();

// ---------------------------------------------------------------- for the running CUDA thread

// A place in a kernel's source.
struct Site {
  const char* file;
  int line;
  static Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
  friend bool operator==(const Site& a, const Site& b) = default;
};

// Waits until all threads of the block that have not ended are at this same place.
void wait_for_block(const char* operation, const Site& site);

// Waits for the lanes in `mask` and gives each the word of the lane that it names.
std::uint32_t read_lane(const char* operation, const Site& site, std::uint32_t mask,
                        std::uint32_t word, unsigned lane);
// ... gives each a bit for every lane whose `vote` is true.
std::uint32_t vote(const char* operation, const Site& site, std::uint32_t mask, bool vote);
// ... and makes what each has written visible to the others.
void wait_for_warp(const char* operation, const Site& site, std::uint32_t mask);
// ... and calls compute once, with what each of the warp's 32 lanes brought.
using WarpFunction = void (*)(void* const* of_lanes);
void together(const char* operation, const Site& site, void* mine, WarpFunction compute);
// Of the running thread, in its warp.
unsigned current_lane();

// An asynchronous copy into shared memory. Reading and writing is left to the caller, so that
// sanitizers see it. It takes place as late as it may: at the wait that ends it.
struct Copy {
  void* shared;
  const void* global;
  std::size_t bytes;
  bool inside;  // else zeros are written, and nothing is read
};
// Checks the addresses, and remembers the copy as one of the open group.
void begin_copy(const char* operation, const Site& site, const Copy& copy);
void commit_copies();
// Those of all groups but the last `pending`, which are then forgotten.
std::vector<Copy> take_copies(unsigned pending);

void* shared_object(const void* key, std::size_t bytes);

}  // namespace gramgrad::cuda_on_cpu
