// What the CUDA device owns of a GPU: one stream, on which everything that it computes is queued.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>

#include "kernels/ops.h"

namespace gramgrad::cuda {
namespace cudnn {
class Convolutions;
}
namespace cublas {
class Handle;
}

class Backend {
 public:
  explicit Backend(int ordinal);
  ~Backend();  // waits for what is queued
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  int ordinal() const { return ordinal_; }
  cudaStream_t stream() const { return stream_; }

  void synchronize() const;
  // Between host and GPU, either way, after all that is queued. Returns when it is done.
  void copy(void* to, const void* from, std::size_t bytes) const;

  // Only of a device that multiplies on tensor cores.
  std::shared_ptr<cudnn::Convolutions> convolutions;
  // Only where a matrix product was asked for.
  std::shared_ptr<cublas::Handle> cublas;

 private:
  int ordinal_;
  cudaStream_t stream_ = nullptr;
};

// Opens cuDNN for the backend; the operators that use it and tensor cores, for tf32 or mixed.
// Throws Error where there is no cuDNN 9.
Ops tensor_core_ops(Backend& backend, Math math, CudaPlans plans);

}  // namespace gramgrad::cuda
