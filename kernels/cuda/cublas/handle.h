// cuBLAS's handle of one GPU and stream.
#pragma once

#include "kernels/cuda/cublas/library.h"

namespace gramgrad::cuda::cublas {

class Handle {
 public:
  // The GPU must be the current one. Throws Error where cuBLAS is missing or refuses.
  explicit Handle(cudaStream_t stream) {
    expect_success(required_library().create(&handle_), "opening the GPU");
    const cublasStatus_t status = library().set_stream(handle_, stream);
    if (status != CUBLAS_STATUS_SUCCESS) {
      library().destroy(handle_);
      expect_success(status, "choosing a stream");
    }
  }
  ~Handle() { library().destroy(handle_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  cublasHandle_t get() const { return handle_; }

 private:
  cublasHandle_t handle_ = nullptr;
};

}  // namespace gramgrad::cuda::cublas
