// The runner: in which order blocks and threads run. Compiled without ThreadSanitizer, like
// fiber.cpp.
#include "tests/cuda_on_cpu/runner.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include "tests/cuda_on_cpu/block.h"
#include "tests/cuda_on_cpu/emulation.h"

uint3 threadIdx{};
uint3 blockIdx{};
dim3 blockDim{};
dim3 gridDim{};

namespace gramgrad::cuda_on_cpu {
namespace {

class Runner {
 public:
  void configure(const Settings& settings) { settings_ = settings; }

  void run(const Extent& grid, const Extent& block, const std::function<void()>& body) {
    check_extents(grid, block);
    random_.seed(settings_.seed);
    gridDim = {grid.x, grid.y, grid.z};
    blockDim = {block.x, block.y, block.z};
    const std::uint64_t count = grid.count();
    const std::uint64_t offset = settings_.order == Order::random ? random_() % count : 0;
    for (std::uint64_t turn = 0; turn < count; ++turn) {
      const std::uint64_t number =
          settings_.order == Order::reverse ? count - 1 - turn : (turn + offset) % count;
      blockIdx = {static_cast<unsigned>(number % grid.x),
                  static_cast<unsigned>(number / grid.x % grid.y),
                  static_cast<unsigned>(number / grid.x / grid.y)};
      // Under ThreadSanitizer, neighbouring blocks run on two crews, that is on different threads
      // to it, so that it sees races between them.
      current_ = &crews_[thread_sanitizer ? turn % 2 : 0];
      run_block(block, body);
    }
    // The end of a kernel comes before all that the host does next.
    for (Block& crew : crews_) {
      crew.acquire_ended();
    }
  }

  Block& block() { return *current_; }

 private:
  static void check_extents(const Extent& grid, const Extent& block) {
    const auto expect = [](bool possible, const char* what, const Extent& extent) {
      if (!possible) {
        throw KernelError(fmt::format("a {} of {} x {} x {} is not possible", what, extent.x,
                                      extent.y, extent.z));
      }
    };
    expect(block.count() >= 1 && block.count() <= most_threads && block.z <= 64, "block", block);
    expect(grid.count() >= 1 && grid.x < 1U << 31 && grid.y < 1U << 16 && grid.z < 1U << 16, "grid",
           grid);
  }

  void run_block(const Extent& extent, const std::function<void()>& body) {
    Block& block = *current_;
    block.begin(extent, body);
    order_.resize(extent.count());
    std::iota(order_.begin(), order_.end(), 0U);
    if (settings_.order == Order::reverse) {
      std::reverse(order_.begin(), order_.end());
    }
    while (block.running()) {
      if (settings_.order == Order::random) {
        std::shuffle(order_.begin(), order_.end(), random_);
      }
      block.give_turns(order_);
    }
  }

  Settings settings_;
  std::mt19937_64 random_;
  Block crews_[2];
  Block* current_ = &crews_[0];
  std::vector<unsigned> order_;
};

Runner& runner() {
  static Runner instance;
  return instance;
}

}  // namespace

void configure(const Settings& settings) {
  runner().configure(settings);
}

void run_grid(const Extent& grid, const Extent& block, const std::function<void()>& body) {
  runner().run(grid, block, body);
}

namespace {

struct Launch {
  Extent grid, block;
  std::function<void()> body;
};

std::optional<std::vector<Launch>>& recording() {
  static std::optional<std::vector<Launch>> launches;
  return launches;
}

}  // namespace

void launch_grid(const Extent& grid, const Extent& block, const std::function<void()>& body) {
  if (recording()) {
    recording()->push_back({grid, block, body});
  } else {
    run_grid(grid, block, body);
  }
}

void begin_recording() {
  recording().emplace();
}

std::function<void()> end_recording() {
  std::vector<Launch> launches = std::move(*recording());
  recording().reset();
  return [launches = std::move(launches)] {
    for (const Launch& launch : launches) {
      run_grid(launch.grid, launch.block, launch.body);
    }
  };
}

bool is_recording() {
  return recording().has_value();
}

void wait_for_block(const char* operation, const Site& site) {
  runner().block().wait_for_block(operation, site);
}

std::uint32_t read_lane(const char* operation, const Site& site, std::uint32_t mask,
                        std::uint32_t word, unsigned lane) {
  return runner().block().warp_operation({WarpKind::read, operation, site, mask, word, lane});
}

std::uint32_t vote(const char* operation, const Site& site, std::uint32_t mask, bool vote) {
  return runner().block().warp_operation({WarpKind::vote, operation, site, mask, vote, 0});
}

void wait_for_warp(const char* operation, const Site& site, std::uint32_t mask) {
  runner().block().wait_for_warp({WarpKind::sync, operation, site, mask, 0, 0});
}

void together(const char* operation, const Site& site, void* mine, WarpFunction compute) {
  runner().block().warp_operation(
      {WarpKind::together, operation, site, 0xffffffffU, 0, 0, mine, compute});
}

unsigned current_lane() {
  return runner().block().current_lane();
}

void begin_copy(const char* operation, const Site& site, const Copy& copy) {
  runner().block().begin_copy(operation, site, copy);
}

void commit_copies() {
  runner().block().commit_copies();
}

std::vector<Copy> take_copies(unsigned pending) {
  return runner().block().take_copies(pending);
}

void* shared_object(const void* key, std::size_t bytes) {
  return runner().block().shared_object(key, bytes);
}

}  // namespace gramgrad::cuda_on_cpu
