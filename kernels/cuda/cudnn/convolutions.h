// Runs convolutions through cuDNN on one GPU: a handle, and a plan for each convolution that was
// asked for, made at its first call.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <map>
#include <mutex>

#include "kernels/cuda/cudnn/plan.h"

namespace gramgrad::cuda::cudnn {

// Device memory, all of it on the stream's GPU. The bias is null where the key has none.
struct ConvolutionTensors {
  void* x;
  void* w;
  void* y;
  void* bias = nullptr;
};

class Convolutions {
 public:
  // Throws Error where cuDNN is missing or refuses the GPU. The GPU must be the current one.
  Convolutions(cudaStream_t stream, Math math);
  ~Convolutions();
  Convolutions(const Convolutions&) = delete;
  Convolutions& operator=(const Convolutions&) = delete;

  // Bytes of workspace that `run` needs; makes the plan.
  std::int64_t workspace_bytes(const ConvolutionKey& key);
  // Queues the convolution on the stream.
  void run(const ConvolutionKey& key, const ConvolutionTensors& tensors, void* workspace);

 private:
  const Plan& plan(const ConvolutionKey& key);

  cudnnHandle_t handle_ = nullptr;
  Math math_;
  std::mutex mutex_;
  std::map<ConvolutionKey, Plan> plans_;
};

}  // namespace gramgrad::cuda::cudnn
