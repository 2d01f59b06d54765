// cuBLAS, found when it is first needed, as cuDNN is: a program that was built with CUDA starts
// where cuBLAS is not installed (it is half a gigabyte), and no operator needs it.
#pragma once

#include <cublas_v2.h>

#include <string>

namespace gramgrad::cuda::cublas {

struct Library {
  decltype(&cublasGetProperty) get_property = nullptr;
  decltype(&cublasGetStatusString) get_status_string = nullptr;
  decltype(&cublasCreate) create = nullptr;
  decltype(&cublasDestroy) destroy = nullptr;
  decltype(&cublasSetStream) set_stream = nullptr;
  // Overloaded by name in C++.
  cublasStatus_t (*gemm_ex)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                            const void*, const void*, cudaDataType, int, const void*, cudaDataType,
                            int, const void*, void*, cudaDataType, int, cublasComputeType_t,
                            cublasGemmAlgo_t) = nullptr;

  std::string obstacle;  // why it cannot be used; empty where it can
};

// Looked for once.
const Library& library();

// The functions; throws Error with the obstacle where there is none.
const Library& required_library();

// Throws Error unless `status` is success.
void expect_success(cublasStatus_t status, const char* what);

}  // namespace gramgrad::cuda::cublas
