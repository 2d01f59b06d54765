// The CUDA device of programs that link the runner: one "GPU". Whatever asks for CUDA devices finds
// it. cuDNN does not run on the CPU: hand-written convolutions take its place, with tf32 those of
// f32.
#include <cstring>
#include <memory>

#include "kernels/cuda/availability.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launcher.cuh"
#include "kernels/cuda/mixed_gradient.h"
#include "kernels/cuda/tensor_cores.h"
#include "kernels/device_state.h"

namespace gramgrad {
namespace {

// Whatever reads it without having written it computes NaN.
void* allocate_poisoned(std::size_t bytes) {
  void* memory = host_memory().allocate(bytes);
  if (memory != nullptr) {
    std::memset(memory, 0xFF, bytes);
  }
  return memory;
}

// As on a GPU, whatever waits while a stream is recorded fails.
void expect_not_recording() {
  check(!cuda_on_cpu::is_recording(), "something waited for the GPU while it was being recorded");
}

void copy_bytes(void* to, const void* from, std::size_t bytes) {
  expect_not_recording();
  host_transfers().to_host(to, from, bytes);
}

void mixed_conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                                 const Tensor& w, Tensor& dx, WriteMode mode) {
  cuda::mixed_conv2d_backward_input(cuda::conv2d_backward_input, params, gradients, w, dx, mode);
}

}  // namespace

cuda::Availability cuda::availability() {
  return {.status = Status::ready, .message = "", .gpus = {{"CUDA on the CPU", 8, 0, 0}}};
}

cuda::Stream cuda::stream_of(const Tensor&) {
  return {};
}

Device Device::cuda(int ordinal, Math math, CudaPlans) {
  const std::string obstacle = cuda::obstacle(cuda::availability(), ordinal);
  check(obstacle.empty(), "device cuda:{}: {}", ordinal, obstacle);
  Ops ops = cuda_ops();
  if (math != Math::f32) {
    cuda::use_tensor_cores(ops);
  }
  if (math == Math::mixed) {
    ops.conv2d_backward_input = mixed_conv2d_backward_input;
  }
  auto resources =
      std::make_shared<DeviceResources>(RawMemory{allocate_poisoned, host_memory().release});
  return DeviceState::make_device({
      .kind = Kind::cuda,
      .name = fmt::format("cuda:{}", ordinal),
      .description = cuda::describe(cuda::availability().gpus[static_cast<std::size_t>(ordinal)]),
      .threads = 1,
      .supports_f64 = false,
      .ops = ops,
      .transfers = {copy_bytes, copy_bytes},
      .host_visible = host_memory(),
      .synchronize = expect_not_recording,
      .resources = std::move(resources),
      .recorder = Recorder{.begin = cuda_on_cpu::begin_recording,
                           .end = cuda_on_cpu::end_recording,
                           .abandon =
                               [] {
                                 if (cuda_on_cpu::is_recording()) {
                                   cuda_on_cpu::end_recording();
                                 }
                               }},
  });
}

}  // namespace gramgrad
