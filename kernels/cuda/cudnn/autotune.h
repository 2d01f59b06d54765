// Times cuDNN's candidates for a convolution, once for each GPU and version of cuDNN.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>

#include "kernels/cuda/cudnn/plan_file.h"

namespace gramgrad::cuda::cudnn {

// The candidate with the smallest time; the first of equals. time_of(i) is nothing where candidate
// i cannot run. Nothing where none can.
std::optional<PlanChoice> fastest_of(
    std::size_t candidates, const std::function<std::optional<PlanChoice>(std::size_t)>& time_of);

class Autotuner {
 public:
  // The stream's GPU must be the current one, and the handle must be on that stream.
  Autotuner(cudnnHandle_t handle, cudaStream_t stream, Math math, std::string path);

  // The fastest plan: as the file remembers it, or timed now on memory of its own, which takes some
  // milliseconds a candidate and waits for the GPU. Where there is no memory to time with, what
  // cuDNN expects to be best; nothing where cuDNN has none.
  std::optional<Plan> choose(const ConvolutionKey& key, const Plans& plans);

 private:
  std::optional<PlanChoice> measure(const ConvolutionKey& key, const Plans& plans) const;
  void report();

  cudnnHandle_t handle_;
  cudaStream_t stream_;
  Math math_;
  std::string gpu_;
  PlanFile file_;
  std::string reported_;  // the note that was printed last
};

}  // namespace gramgrad::cuda::cudnn
