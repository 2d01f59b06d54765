// Run twice, recorded once, then replayed.
#include "kernels/recorded_step.h"

#include <memory>
#include <utility>

#include "kernels/device_state.h"

namespace gramgrad {
namespace {

class RecordedStep {
 public:
  RecordedStep(Device device, std::function<void()> step)
      : device_(std::move(device)), step_(std::move(step)) {}

  // Nothing replays any more when the memory becomes everybody's.
  ~RecordedStep() {
    if (reservation_ != 0) {
      replay_ = nullptr;
      device_.state().resources->allocator.drop_reservation(reservation_);
    }
  }
  RecordedStep(const RecordedStep&) = delete;
  RecordedStep& operator=(const RecordedStep&) = delete;

  void operator()() {
    // The first run makes plans and asks for memory; the second finds all of it in the pool.
    constexpr int plain_runs = 2;
    if (runs_ < plain_runs) {
      ++runs_;
      step_();
      return;
    }
    if (!replay_) {
      record();
    }
    replay_();
  }

 private:
  void record() {
    const Recorder& recorder = *device_.state().recorder;
    CachingAllocator& allocator = device_.state().resources->allocator;
    const int reservation = allocator.begin_reservation();
    try {
      recorder.begin();
      step_();
      replay_ = recorder.end();
    } catch (...) {
      recorder.abandon();
      allocator.end_reservation();
      allocator.drop_reservation(reservation);
      throw;
    }
    allocator.end_reservation();
    reservation_ = reservation;
  }

  Device device_;
  std::function<void()> step_;
  int runs_ = 0;
  int reservation_ = 0;  // 0: not recorded yet
  std::function<void()> replay_;
};

}  // namespace

std::function<void()> recorded_step(const Device& device, std::function<void()> step) {
  return [recorded = std::make_shared<RecordedStep>(device, std::move(step))] { (*recorded)(); };
}

}  // namespace gramgrad
