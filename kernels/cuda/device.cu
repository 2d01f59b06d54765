// One GPU as a Device: its stream, memory and transfers.
#include <fmt/format.h>

#include <memory>

#include "kernels/cuda/availability.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/graph.h"
#include "kernels/cuda/launcher.cuh"
#include "kernels/cuda/runtime.h"
#include "kernels/device_state.h"

namespace gramgrad {
namespace cuda {

Backend::Backend(int ordinal) : ordinal_(ordinal) {
  const CurrentGpu current(ordinal);
  // Not ordered with the legacy default stream: only what is queued here runs here.
  expect_success(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream");
}

Backend::~Backend() {
  convolutions.reset();
  cublas.reset();
  cudaStreamSynchronize(stream_);
  cudaStreamDestroy(stream_);
}

void Backend::synchronize() const {
  const CurrentGpu current(ordinal_);
  expect_success(cudaStreamSynchronize(stream_), "waiting for the GPU");
}

// Waits until the host's memory may be used again.
void Backend::copy(void* to, const void* from, std::size_t bytes) const {
  if (bytes > 0) {
    const CurrentGpu current(ordinal_);
    expect_success(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_),
                   "copying between host and GPU");
    synchronize();
  }
}

namespace {

// While it lives, the calling thread may allocate although a stream is being recorded: allocations
// are no part of the recording.
class PlainCalls {
 public:
  PlainCalls() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  ~PlainCalls() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  PlainCalls(const PlainCalls&) = delete;
  PlainCalls& operator=(const PlainCalls&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

// nullptr where there is none: the pool then says what is in use.
void* allocate(int ordinal, std::size_t bytes) {
  const CurrentGpu current(ordinal);
  const PlainCalls plain;
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  expect_success(error, "allocating memory");
  return memory;
}

std::string shortage(int ordinal) {
  const CurrentGpu current(ordinal);
  const PlainCalls plain;
  std::size_t free = 0;
  std::size_t total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) {
    cudaGetLastError();
    return fmt::format("on cuda:{}", ordinal);
  }
  constexpr double mebibyte = 1 << 20;
  return fmt::format("{:.1f} of {:.1f} MiB free on cuda:{} (nvidia-smi shows who else uses it)",
                     static_cast<double>(free) / mebibyte, static_cast<double>(total) / mebibyte,
                     ordinal);
}

RawMemory memory_of(int ordinal) {
  return {[ordinal](std::size_t bytes) { return allocate(ordinal, bytes); },
          [ordinal](void* memory, std::size_t) {
            cudaSetDevice(ordinal);
            const PlainCalls plain;
            cudaFree(memory);  // waits for the GPU; an error here has no one to tell
          },
          [ordinal] { return shortage(ordinal); }};
}

// Pinned, and at the same address for the GPU, which writes to it directly.
RawMemory host_visible_memory(int ordinal) {
  return {[ordinal](std::size_t bytes) {
            const CurrentGpu current(ordinal);
            void* memory = nullptr;
            expect_success(cudaHostAlloc(&memory, bytes, cudaHostAllocMapped),
                           "allocating memory that the GPU shares with the host");
            return memory;
          },
          [ordinal](void* memory, std::size_t) {
            cudaSetDevice(ordinal);
            cudaFreeHost(memory);  // waits for the GPU
          }};
}

}  // namespace

Stream stream_of(const Tensor& tensor) {
  const Backend& backend = tensor.device().state().backend<Backend>();
  expect_success(cudaSetDevice(backend.ordinal()), "choosing a GPU");
  return backend.stream();
}

}  // namespace cuda

Device Device::cuda(int ordinal, Math math, CudaPlans plans) {
  check(
      math != Math::bf16,
      "device cuda:{}: Math::bf16 is for processors; a GPU computes in bf16 where maps are in bf16",
      ordinal);
  const cuda::Availability found = cuda::availability();
  const std::string obstacle = cuda::obstacle(found, ordinal);
  check(obstacle.empty(), "device cuda:{}: {}", ordinal, obstacle);
  auto backend = std::make_shared<cuda::Backend>(ordinal);
  auto resources = std::make_shared<DeviceResources>(cuda::memory_of(ordinal));
  resources->backend = backend;
  const auto copy = [backend](void* to, const void* from, std::size_t bytes) {
    backend->copy(to, from, bytes);
  };
  return DeviceState::make_device({
      .kind = Kind::cuda,
      .name = fmt::format("cuda:{}", ordinal),
      .description = cuda::describe(found.gpus[static_cast<std::size_t>(ordinal)]),
      .threads = 1,
      .supports_f64 = false,
      .ops = math == Math::f32 ? cuda_ops() : cuda::tensor_core_ops(*backend, math, plans),
      .transfers = {copy, copy},
      .host_visible = cuda::host_visible_memory(ordinal),
      .synchronize = [backend] { backend->synchronize(); },
      .resources = std::move(resources),
      .recorder = cuda::graph_recorder(backend),
  });
}

}  // namespace gramgrad
