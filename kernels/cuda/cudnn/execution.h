// Running a plan.
#pragma once

#include "kernels/cuda/cudnn/plan.h"

namespace gramgrad::cuda::cudnn {

// Device memory, all of it on the handle's GPU. The bias is null where the key has none.
struct ConvolutionTensors {
  void* x;
  void* w;
  void* y;
  void* bias = nullptr;
};

// Queues the convolution on the handle's stream. `workspace`: plan.workspace_bytes() of memory.
void execute(cudnnHandle_t handle, const Plan& plan, const ConvolutionKey& key,
             const ConvolutionTensors& tensors, void* workspace);

}  // namespace gramgrad::cuda::cudnn
