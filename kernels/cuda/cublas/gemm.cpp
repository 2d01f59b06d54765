// From row-major products to cuBLAS's arguments.
#include "kernels/cuda/cublas/gemm.h"

#include <limits>

#include "kernels/check.h"

namespace gramgrad::cuda::cublas {
namespace {

int extent(std::int64_t value) {
  check(value > 0 && value <= std::numeric_limits<int>::max(),
        "cuBLAS multiplies matrices with extents from 1 to 2^31 - 1, not {}", value);
  return static_cast<int>(value);
}

cublasComputeType_t compute_type(ProductMath math) {
  return math == ProductMath::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

}  // namespace

Gemm gemm_of(const Product& product) {
  const int m = extent(product.m);
  const int n = extent(product.n);
  const int k = extent(product.k);
  return {.first_operation = product.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
          .second_operation = product.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
          .m = n,
          .n = m,
          .k = k,
          .first_stride = product.b_transposed ? k : n,
          .second_stride = product.a_transposed ? m : k,
          .result_stride = n,
          .factors = product.math == ProductMath::bf16 ? CUDA_R_16BF : CUDA_R_32F,
          .compute = compute_type(product.math)};
}

}  // namespace gramgrad::cuda::cublas
