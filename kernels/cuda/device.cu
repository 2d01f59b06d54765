// One GPU as a Device: its stream, memory and transfers.
#include <fmt/format.h>

#include "kernels/cuda/availability.h"
#include "kernels/cuda/backend.h"
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

// nullptr where there is none: the pool then says what is in use.
void* allocate(int ordinal, std::size_t bytes) {
  const CurrentGpu current(ordinal);
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  expect_success(error, "allocating memory");
  return memory;
}

RawMemory memory_of(int ordinal) {
  return {[ordinal](std::size_t bytes) { return allocate(ordinal, bytes); },
          [ordinal](void* memory, std::size_t) {
            cudaSetDevice(ordinal);
            cudaFree(memory);  // waits for the GPU; an error here has no one to tell
          }};
}

}  // namespace

Stream stream_of(const Tensor& tensor) {
  const Backend& backend = tensor.device().state().backend<Backend>();
  expect_success(cudaSetDevice(backend.ordinal()), "choosing a GPU");
  return backend.stream();
}

}  // namespace cuda

Device Device::cuda(int ordinal, CudaMath math, CudaPlans plans) {
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
      .ops = math == CudaMath::tf32 ? cuda::tf32_ops(*backend, plans) : cuda_ops(),
      .transfers = {copy, copy},
      .synchronize = [backend] { backend->synchronize(); },
      .resources = std::move(resources),
  });
}

}  // namespace gramgrad
