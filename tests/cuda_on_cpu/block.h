// One block of a grid: its threads, what they wait for, and its shared memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/cuda_on_cpu/fiber.h"
#include "tests/cuda_on_cpu/runner.h"
#include "tests/cuda_on_cpu/shared_memory.h"

namespace gramgrad::cuda_on_cpu {

constexpr unsigned warp_lanes = 32;
constexpr unsigned most_threads = 1024;

enum class WarpKind { read, vote, sync, together };

// What a lane brings to a warp operation.
struct WarpRequest {
  WarpKind kind;
  const char* operation;
  Site site;
  std::uint32_t mask;
  std::uint32_t word;
  unsigned source;  // lane to read
  void* operands = nullptr;
  WarpFunction compute = nullptr;
};

// The threads are kept from block to block: a fiber is started once.
class Block {
 public:
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // ---- for the scheduler
  void begin(const Extent& extent, const std::function<void()>& body);
  bool running() const { return alive_ > 0; }
  // Lets each thread that is ready run until it waits or ends, in that order of their numbers.
  // Throws KernelError where the kernel failed or nobody can run.
  void give_turns(const std::vector<unsigned>& order);
  // What the threads did happened before what the caller does next.
  void acquire_ended() { acquire(&ended_mark_); }

  // ---- for the thread that runs
  void wait_for_block(const char* operation, const Site& site);
  std::uint32_t warp_operation(const WarpRequest& request);
  void wait_for_warp(const WarpRequest& request);
  unsigned current_lane() const { return current_->number % warp_lanes; }
  void* shared_object(const void* key, std::size_t bytes);
  void begin_copy(const char* operation, const Site& site, const Copy& copy);
  void commit_copies() { ++current_->copy_groups; }
  std::vector<Copy> take_copies(unsigned pending);

 private:
  enum class State { ready, at_barrier, in_warp_operation, ended };
  struct Thread {
    Thread(Block& of, unsigned at) : block(of), number(at), fiber(run_forever, this) {}

    Block& block;
    unsigned number;
    Fiber fiber;
    State state = State::ended;
    const char* operation = "";  // that it waits in
    Site site{"", 0};
    WarpRequest request{};
    std::uint32_t result = 0;  // of the warp operation
    unsigned warp_syncs = 0;
    struct CopyOfGroup {
      Copy copy;
      unsigned group;
    };
    std::vector<CopyOfGroup> copies;
    unsigned copy_groups = 0;  // committed so far
  };

  // Threads of one warp. On the stack: a warp operation is what kernels do most.
  class Lanes {
   public:
    void push_back(Thread* lane) { lanes_[size_++] = lane; }
    std::size_t size() const { return size_; }
    Thread* const* begin() const { return lanes_; }
    Thread* const* end() const { return lanes_ + size_; }

   private:
    Thread* lanes_[warp_lanes];
    std::size_t size_ = 0;
  };

  static void run_forever(void* thread);
  void run_body();
  void end_current();
  void open_barrier_if_complete();
  void finish_warp_operation(const WarpRequest& request);
  void check_lanes(const WarpRequest& request);
  Lanes lanes_in(std::uint32_t mask) const;
  bool all_wait(std::uint32_t mask) const;
  void wait(State state, const char* operation, const Site& site);
  // Gives the whole block up: throws KernelError out of the kernel.
  [[noreturn]] void give_up(const char* operation, const Site& site, const std::string& what);
  std::string describe_waiting() const;
  void abandon(const std::string& error);

  std::vector<std::unique_ptr<Thread>> threads_;  // as many as the largest block so far
  unsigned size_ = 0;                             // of this block
  unsigned alive_ = 0;
  unsigned at_barrier_ = 0;
  Site barrier_site_{"", 0};
  Thread* current_ = nullptr;
  const std::function<void()>* body_ = nullptr;
  Extent extent_;
  SharedMemory shared_memory_;
  std::string error_;

  // For ThreadSanitizer: what happens before what. Barriers take turns with two marks: a thread
  // that is woken late must not see what the others release at the next one.
  char begun_mark_ = 0;
  char ended_mark_ = 0;
  char barrier_marks_[2] = {};
  unsigned barriers_ = 0;
  char warp_marks_[most_threads / warp_lanes][2] = {};
};

}  // namespace gramgrad::cuda_on_cpu
