// How a block's threads run and wait. Compiled without ThreadSanitizer, like fiber.cpp.
#include "tests/cuda_on_cpu/block.h"

#include <algorithm>
#include <bit>

#include "tests/cuda_on_cpu/emulation.h"

namespace gramgrad::cuda_on_cpu {
namespace {

std::string text(const Site& site) {
  const std::string file = site.file;
  return fmt::format("{}:{}", file.substr(file.rfind('/') + 1), site.line);
}

std::string text(const uint3& index) {
  return fmt::format("({}, {}, {})", index.x, index.y, index.z);
}

}  // namespace

// ---------------------------------------------------------------- scheduling

void Block::begin(const Extent& extent, const std::function<void()>& body) {
  extent_ = extent;
  body_ = &body;
  size_ = static_cast<unsigned>(extent.count());
  alive_ = size_;
  at_barrier_ = 0;
  error_.clear();
  shared_memory_.clear();
  while (threads_.size() < size_) {
    threads_.push_back(std::make_unique<Thread>(*this, static_cast<unsigned>(threads_.size())));
  }
  for (unsigned i = 0; i < size_; ++i) {
    threads_[i]->state = State::ready;
    threads_[i]->warp_syncs = 0;
    threads_[i]->copies.clear();
    threads_[i]->copy_groups = 0;
  }
  release(&begun_mark_);
}

void Block::give_turns(const std::vector<unsigned>& order) {
  bool anybody_ran = false;
  for (const unsigned number : order) {
    Thread& thread = *threads_[number];
    if (thread.state != State::ready) {
      continue;
    }
    anybody_ran = true;
    current_ = &thread;
    threadIdx = {number % extent_.x, number / extent_.x % extent_.y,
                 number / extent_.x / extent_.y};
    thread.fiber.resume();
    if (!error_.empty()) {
      abandon(error_);
    }
  }
  if (!anybody_ran) {
    abandon(fmt::format("deadlock in block {}: {}", text(blockIdx), describe_waiting()));
  }
}

void Block::abandon(const std::string& error) {
  for (const auto& thread : threads_) {
    thread->fiber.restart();
    thread->state = State::ended;
  }
  alive_ = 0;
  throw KernelError(error);
}

std::string Block::describe_waiting() const {
  constexpr unsigned most_shown = 4;
  std::string description;
  unsigned waiting = 0;
  for (unsigned i = 0; i < size_; ++i) {
    const Thread& thread = *threads_[i];
    if (thread.state != State::ended && ++waiting <= most_shown) {
      description += fmt::format("{}thread {} waits in {} ({})", waiting > 1 ? ", " : "", i,
                                 thread.operation, text(thread.site));
    }
  }
  return fmt::format("{}{}; {} of {} threads wait, {} have ended", description,
                     waiting > most_shown ? ", ..." : "", waiting, size_, size_ - waiting);
}

void Block::run_forever(void* thread) {
  auto& self = *static_cast<Thread*>(thread);
  for (;;) {
    acquire(&self.block.begun_mark_);
    acquire(&self.block.ended_mark_);  // of the block that ran on this crew before
    self.block.run_body();
    release(&self.block.ended_mark_);
    self.block.end_current();
    self.fiber.suspend();
  }
}

void Block::run_body() {
  try {
    (*body_)();
    if (!current_->copies.empty()) {
      throw KernelError(
          fmt::format("block {}, thread {} ended with {} asynchronous copies on their way",
                      text(blockIdx), text(threadIdx), current_->copies.size()));
    }
  } catch (const KernelError& error) {
    error_ = error.what();
  }
}

void Block::end_current() {
  current_->state = State::ended;
  --alive_;
  open_barrier_if_complete();
}

void Block::wait(State state, const char* operation, const Site& site) {
  Thread& self = *current_;
  self.state = state;
  self.operation = operation;
  self.site = site;
  self.fiber.suspend();
}

void Block::give_up(const char* operation, const Site& site, const std::string& what) {
  throw KernelError(fmt::format("{} ({}) in block {}, thread {}: {}", operation, text(site),
                                text(blockIdx), text(threadIdx), what));
}

// ---------------------------------------------------------------- barriers

// As on a GPU, threads that have ended are not waited for.
void Block::open_barrier_if_complete() {
  if (at_barrier_ > 0 && at_barrier_ == alive_) {
    at_barrier_ = 0;
    ++barriers_;
    for (unsigned i = 0; i < size_; ++i) {
      if (threads_[i]->state == State::at_barrier) {
        threads_[i]->state = State::ready;
      }
    }
  }
}

void Block::wait_for_block(const char* operation, const Site& site) {
  if (at_barrier_ > 0 && !(site == barrier_site_)) {
    give_up(operation, site,
            fmt::format("divergent: other threads wait at {}", text(barrier_site_)));
  }
  char* mark = &barrier_marks_[barriers_ % 2];
  release(mark);
  barrier_site_ = site;
  ++at_barrier_;
  if (at_barrier_ == alive_) {
    open_barrier_if_complete();
  } else {
    wait(State::at_barrier, operation, site);
  }
  acquire(mark);
}

void* Block::shared_object(const void* key, std::size_t bytes) {
  void* object = shared_memory_.object(key, bytes);
  if (object == nullptr) {
    give_up("shared_memory", {"a kernel", 0},
            fmt::format("its objects are larger than {} bytes together", SharedMemory::limit));
  }
  return object;
}

// ---------------------------------------------------------------- asynchronous copies

void Block::begin_copy(const char* operation, const Site& site, const Copy& copy) {
  const auto aligned = [&](const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) % copy.bytes == 0;
  };
  if (!shared_memory_.contains(copy.shared)) {
    give_up(operation, site, "copies to what is not shared memory");
  }
  if (!aligned(copy.shared) || !aligned(copy.global)) {
    give_up(operation, site, fmt::format("an address is no multiple of {}", copy.bytes));
  }
  current_->copies.push_back({copy, current_->copy_groups});
}

std::vector<Copy> Block::take_copies(unsigned pending) {
  std::vector<Copy> taken;
  std::erase_if(current_->copies, [&](const Thread::CopyOfGroup& each) {
    const bool ends = each.group + pending < current_->copy_groups;
    if (ends) {
      taken.push_back(each.copy);
    }
    return ends;
  });
  return taken;
}

// ---------------------------------------------------------------- warp operations

Block::Lanes Block::lanes_in(std::uint32_t mask) const {
  Lanes lanes;
  const unsigned first = current_->number / warp_lanes * warp_lanes;
  for (unsigned lane = 0; lane < warp_lanes && first + lane < size_; ++lane) {
    if ((mask >> lane & 1) != 0) {
      lanes.push_back(threads_[first + lane].get());
    }
  }
  return lanes;
}

bool Block::all_wait(std::uint32_t mask) const {
  const Lanes lanes = lanes_in(mask);
  return std::all_of(lanes.begin(), lanes.end(),
                     [](const Thread* lane) { return lane->state == State::in_warp_operation; });
}

// Nothing here owns memory while it waits: a deadlocked thread is not unwound.
std::uint32_t Block::warp_operation(const WarpRequest& request) {
  Thread& self = *current_;
  self.request = request;
  check_lanes(request);
  self.state = State::in_warp_operation;
  if (all_wait(request.mask)) {
    finish_warp_operation(request);
  } else {
    wait(State::in_warp_operation, request.operation, request.site);
  }
  return self.result;
}

void Block::check_lanes(const WarpRequest& request) {
  const auto expect = [&](bool holds, const char* what) {
    if (!holds) {
      give_up(request.operation, request.site, what);
    }
  };
  expect((request.mask >> current_lane() & 1) != 0, "the mask leaves out the calling lane");
  const Lanes lanes = lanes_in(request.mask);
  expect(lanes.size() == static_cast<std::size_t>(std::popcount(request.mask)),
         "the mask names a lane that does not exist");
  expect(request.kind != WarpKind::read || (request.mask >> request.source & 1) != 0,
         "reads a lane that is not in the mask");
  for (const Thread* lane : lanes) {
    expect(lane->state != State::ended, "the mask names a lane that has ended");
    const bool waits = lane->state == State::in_warp_operation;
    expect(!waits || lane->request.mask == request.mask, "lanes came with different masks");
    expect(!waits || lane->request.site == request.site, "divergent: lanes wait at other places");
  }
}

void Block::finish_warp_operation(const WarpRequest& request) {
  const Lanes lanes = lanes_in(request.mask);
  if (request.kind == WarpKind::together) {
    void* operands[warp_lanes] = {};
    std::transform(lanes.begin(), lanes.end(), operands,
                   [](const Thread* lane) { return lane->request.operands; });
    request.compute(operands);
  }
  std::uint32_t votes = 0;
  for (const Thread* lane : lanes) {
    votes |= (lane->request.word != 0 ? 1U : 0U) << (lane->number % warp_lanes);
  }
  const unsigned first = current_->number / warp_lanes * warp_lanes;
  for (Thread* lane : lanes) {
    lane->result = request.kind == WarpKind::read
                       ? threads_[first + lane->request.source]->request.word
                       : votes;
    lane->state = State::ready;
  }
}

// The only warp operation that orders memory: shuffles and votes do not, here or on a GPU.
void Block::wait_for_warp(const WarpRequest& request) {
  char* mark = &warp_marks_[current_->number / warp_lanes][current_->warp_syncs++ % 2];
  release(mark);
  warp_operation(request);
  acquire(mark);
}

}  // namespace gramgrad::cuda_on_cpu
