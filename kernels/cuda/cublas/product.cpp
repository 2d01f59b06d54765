// Products on the stream of the tensors' device.
#include <memory>

#include "kernels/cuda/product.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/cublas/gemm.h"
#include "kernels/cuda/cublas/handle.h"
#include "kernels/cuda/runtime.h"
#include "kernels/device_state.h"

namespace gramgrad::cuda {
namespace {

void expect_matrix(const char* name, const Tensor& matrix, std::int64_t rows, std::int64_t columns,
                   DType type) {
  check(matrix.device().kind() == Device::Kind::cuda,
        "cuBLAS multiplies on CUDA devices, and {} is on {}", name, matrix.device().name());
  check(matrix.dtype() == type && matrix.size() == rows * columns,
        "cuBLAS: {} is {} {}, which is no {} x {} matrix of {}", name, name_of(matrix.dtype()),
        matrix.shape().to_string(), rows, columns, name_of(type));
}

const void* address(const Tensor& matrix) {
  return matrix.dtype() == DType::bf16 ? static_cast<const void*>(matrix.data<Bf16>())
                                       : matrix.data<float>();
}
void* address(Tensor& matrix) {
  return matrix.dtype() == DType::bf16 ? static_cast<void*>(matrix.data<Bf16>())
                                       : matrix.data<float>();
}

// Opened at the first product.
cublasHandle_t handle_of(Backend& backend) {
  if (backend.cublas == nullptr) {
    backend.cublas = std::make_shared<cublas::Handle>(backend.stream());
  }
  return backend.cublas->get();
}

}  // namespace

void multiply(const Product& product, const Tensor& a, const Tensor& b, Tensor& c) {
  const DType factors = product.math == ProductMath::bf16 ? DType::bf16 : DType::f32;
  const bool bf16_result = factors == DType::bf16 && c.dtype() == DType::bf16;
  expect_matrix("A", a, product.m, product.k, factors);
  expect_matrix("B", b, product.k, product.n, factors);
  expect_matrix("C", c, product.m, product.n, bf16_result ? DType::bf16 : DType::f32);
  const cublas::Gemm gemm = cublas::gemm_of(product);
  Backend& backend = c.device().state().backend<Backend>();
  const CurrentGpu current(backend.ordinal());
  cublas::expect_success(
      cublas::required_library().gemm_ex(
          handle_of(backend), gemm.first_operation, gemm.second_operation, gemm.m, gemm.n, gemm.k,
          &product.alpha, address(b), gemm.factors, gemm.first_stride, address(a), gemm.factors,
          gemm.second_stride, &product.beta, address(c), bf16_result ? CUDA_R_16BF : CUDA_R_32F,
          gemm.result_stride, gemm.compute, CUBLAS_GEMM_DEFAULT),
      "a matrix product");
}

std::string cublas_version() {
  const cublas::Library& found = cublas::library();
  if (!found.obstacle.empty()) {
    return found.obstacle;
  }
  int major = 0;
  int minor = 0;
  int patch = 0;
  found.get_property(MAJOR_VERSION, &major);
  found.get_property(MINOR_VERSION, &minor);
  found.get_property(PATCH_LEVEL, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

}  // namespace gramgrad::cuda
