// Timing with events, on memory that is given back at once.
#include "kernels/cuda/cudnn/autotune.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "kernels/cuda/cudnn/execution.h"
#include "kernels/cuda/cudnn/library.h"
#include "kernels/cuda/runtime.h"

namespace gramgrad::cuda::cudnn {
namespace {

// Outside the device's pool, which would keep it.
class Memory {
 public:
  explicit Memory(std::size_t bytes) {
    cuda::expect_success(cudaMalloc(&memory_, std::max<std::size_t>(1, bytes)),
                         "allocating memory to time a convolution");
    // Small numbers, because a GPU needs less power, and is faster, with zeros.
    constexpr int byte = 0x3c;
    cuda::expect_success(cudaMemset(memory_, byte, bytes), "filling memory");
  }
  ~Memory() { cudaFree(memory_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  void* get() const { return memory_; }

 private:
  void* memory_ = nullptr;
};

class Event {
 public:
  Event() { cuda::expect_success(cudaEventCreate(&event_), "creating an event"); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(cudaStream_t stream) const {
    cuda::expect_success(cudaEventRecord(event_, stream), "recording an event");
  }
  double milliseconds_since(const Event& begin) const {
    cuda::expect_success(cudaEventSynchronize(event_), "timing a convolution");
    float milliseconds = 0;
    cuda::expect_success(cudaEventElapsedTime(&milliseconds, begin.event_, event_),
                         "timing a convolution");
    return milliseconds;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

std::size_t bytes(const ConvolutionKey& key, std::int64_t elements) {
  return static_cast<std::size_t>(elements) * size_of(key.dtype);
}

// The median of a few runs, after one that is not timed.
double milliseconds_of(cudaStream_t stream, const std::function<void()>& run) {
  std::array<double, 5> milliseconds{};
  run();
  const Event begin;
  const Event end;
  for (double& each : milliseconds) {
    begin.record(stream);
    run();
    end.record(stream);
    each = end.milliseconds_since(begin);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds[milliseconds.size() / 2];
}

std::string current_gpu() {
  int ordinal = 0;
  cudaDeviceProp properties;
  cuda::expect_success(cudaGetDevice(&ordinal), "asking for the current GPU");
  cuda::expect_success(cudaGetDeviceProperties(&properties, ordinal), "asking about a GPU");
  return fmt::format("{}, {}.{}, {} processors", properties.name, properties.major,
                     properties.minor, properties.multiProcessorCount);
}

}  // namespace

std::optional<PlanChoice> fastest_of(
    std::size_t candidates, const std::function<std::optional<PlanChoice>(std::size_t)>& time_of) {
  std::optional<PlanChoice> best;
  for (std::size_t i = 0; i < candidates; ++i) {
    const std::optional<PlanChoice> timed = time_of(i);
    if (timed && (!best || timed->milliseconds < best->milliseconds)) {
      best = timed;
    }
  }
  return best;
}

Autotuner::Autotuner(cudnnHandle_t handle, cudaStream_t stream, Math math, std::string path)
    : handle_(handle), stream_(stream), math_(math), gpu_(current_gpu()), file_(std::move(path)) {
  report();
}

std::optional<Plan> Autotuner::choose(const ConvolutionKey& key, const Plans& plans) {
  const std::string name = plan_key(gpu_, required_library().get_version(), math_, key);
  const auto candidates = static_cast<std::int64_t>(plans.candidates());
  if (const auto known = file_.find(name); known && known->candidate < candidates) {
    std::optional<Plan> plan = plans.make(static_cast<std::size_t>(known->candidate));
    if (plan && plan->engine() == known->engine) {
      return plan;
    }
  }
  const std::optional<PlanChoice> fastest = measure(key, plans);
  if (!fastest) {
    return plans.best();
  }
  file_.add(name, *fastest);
  report();
  std::optional<Plan> plan = plans.make(static_cast<std::size_t>(fastest->candidate));
  return plan ? std::move(plan) : plans.best();
}

std::optional<PlanChoice> Autotuner::measure(const ConvolutionKey& key, const Plans& plans) const {
  const auto time_of = [&](std::size_t i, const ConvolutionTensors& tensors) {
    std::optional<PlanChoice> timed;
    if (const std::optional<Plan> plan = plans.make(i)) {
      const Memory workspace(static_cast<std::size_t>(plan->workspace_bytes()));
      const double milliseconds =
          milliseconds_of(stream_, [&] { execute(handle_, *plan, key, tensors, workspace.get()); });
      timed = {static_cast<std::int64_t>(i), plan->engine(), milliseconds};
    }
    return timed;
  };
  try {
    const Memory x(bytes(key, key.batch * key.height * key.width * key.in_channels));
    const Memory w(
        bytes(key, key.out_channels * key.kernel_height * key.kernel_width * key.in_channels));
    const Memory y(bytes(key, key.batch * key.out_height() * key.out_width() * key.out_channels));
    const Memory bias(bytes(key, key.out_channels));
    const ConvolutionTensors tensors{x.get(), w.get(), y.get(), bias.get()};
    return fastest_of(plans.candidates(), [&](std::size_t i) -> std::optional<PlanChoice> {
      try {
        return time_of(i, tensors);
      } catch (const Error&) {
        return std::nullopt;  // too little memory for its workspace, or it does not run after all
      }
    });
  } catch (const Error&) {
    return std::nullopt;
  }
}

void Autotuner::report() {
  if (!file_.note().empty() && file_.note() != reported_) {
    fmt::print(stderr, "note: {}\n", file_.note());
  }
  reported_ = file_.note();
}

}  // namespace gramgrad::cuda::cudnn
