// Runs convolutions through cuDNN on one GPU: a handle, and a plan for each convolution that was
// asked for, made at its first call.
#pragma once

#include <cuda_runtime_api.h>

#include <map>
#include <memory>
#include <mutex>

#include "kernels/cuda/cudnn/autotune.h"
#include "kernels/cuda/cudnn/execution.h"
#include "kernels/device.h"

namespace gramgrad::cuda::cudnn {

class Convolutions {
 public:
  // Throws Error where cuDNN is missing or refuses the GPU. The GPU must be the current one.
  Convolutions(cudaStream_t stream, Math math, CudaPlans plans);
  ~Convolutions();
  Convolutions(const Convolutions&) = delete;
  Convolutions& operator=(const Convolutions&) = delete;

  // Whether cuDNN can; makes the plan.
  bool has_plan(const ConvolutionKey& key);
  // Bytes of workspace that `run` needs.
  std::int64_t workspace_bytes(const ConvolutionKey& key);
  // Queues the convolution, for which there is a plan, on the stream.
  void run(const ConvolutionKey& key, const ConvolutionTensors& tensors, void* workspace);

 private:
  const std::optional<Plan>& plan(const ConvolutionKey& key);

  cudnnHandle_t handle_ = nullptr;
  Math math_;
  std::mutex mutex_;
  std::unique_ptr<Autotuner> autotuner_;  // null: cuDNN's expectation is taken
  std::map<ConvolutionKey, std::optional<Plan>> plans_;
};

}  // namespace gramgrad::cuda::cudnn
