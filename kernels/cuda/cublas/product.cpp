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
                   bool bf16) {
  const DType type = bf16 ? DType::u8 : DType::f32;
  const std::int64_t bytes = bf16 ? 2 : 1;
  check(matrix.device().kind() == Device::Kind::cuda,
        "cuBLAS multiplies on CUDA devices, and {} is on {}", name, matrix.device().name());
  check(matrix.dtype() == type && matrix.size() == rows * columns * bytes,
        "cuBLAS: {} is {} {}, which is no {} x {} matrix of {}", name, name_of(matrix.dtype()),
        matrix.shape().to_string(), rows, columns, bf16 ? "bf16" : "f32");
}

const void* bytes_of(const Tensor& matrix, bool bf16) {
  return bf16 ? static_cast<const void*>(matrix.data<std::uint8_t>()) : matrix.data<float>();
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
  const bool bf16 = product.math == ProductMath::bf16;
  expect_matrix("A", a, product.m, product.k, bf16);
  expect_matrix("B", b, product.k, product.n, bf16);
  expect_matrix("C", c, product.m, product.n, false);
  const cublas::Gemm gemm = cublas::gemm_of(product);
  Backend& backend = c.device().state().backend<Backend>();
  const CurrentGpu current(backend.ordinal());
  cublas::expect_success(
      cublas::required_library().gemm_ex(
          handle_of(backend), gemm.first_operation, gemm.second_operation, gemm.m, gemm.n, gemm.k,
          &product.alpha, bytes_of(b, bf16), gemm.factors, gemm.first_stride, bytes_of(a, bf16),
          gemm.factors, gemm.second_stride, &product.beta, c.data<float>(), CUDA_R_32F,
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
