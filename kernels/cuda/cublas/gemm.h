// cuBLAS counts matrices column by column: what a row-major product is to it.
#pragma once

#include <cublas_v2.h>

#include "kernels/cuda/product.h"

namespace gramgrad::cuda::cublas {

// The arguments of cublasGemmEx for the transposed product C^T = B^T A^T: `first` is our B,
// `second` our A. A row-major matrix is the column-major one of its transpose, in place.
struct Gemm {
  cublasOperation_t first_operation, second_operation;
  int m, n, k;
  int first_stride, second_stride, result_stride;
  cudaDataType factors;
  cublasComputeType_t compute;
};

// Throws Error for extents that are not positive or do not fit in 31 bits.
Gemm gemm_of(const Product& product);

}  // namespace gramgrad::cuda::cublas
