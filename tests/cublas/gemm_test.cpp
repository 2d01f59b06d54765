// cuBLAS's arguments for a row-major product, carried out as cuBLAS documents them: C = alpha
// op(A) op(B) + beta C, column by column.
#include "kernels/cuda/cublas/gemm.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/check.h"
#include "kernels/cuda/cublas/library.h"

namespace gramgrad::cuda::cublas {
namespace {

using Matrix = std::vector<double>;

double element(const Matrix& matrix, cublasOperation_t operation, int stride, int row, int column) {
  const int at = operation == CUBLAS_OP_N ? row + column * stride : column + row * stride;
  return matrix.at(static_cast<std::size_t>(at));
}

Matrix computed(const Gemm& gemm, const Matrix& first, const Matrix& second) {
  Matrix result(static_cast<std::size_t>(gemm.m * gemm.n), -1);
  for (int row = 0; row < gemm.m; ++row) {
    for (int column = 0; column < gemm.n; ++column) {
      double sum = 0;
      for (int k = 0; k < gemm.k; ++k) {
        sum += element(first, gemm.first_operation, gemm.first_stride, row, k) *
               element(second, gemm.second_operation, gemm.second_stride, k, column);
      }
      result.at(static_cast<std::size_t>(row + column * gemm.result_stride)) = sum;
    }
  }
  return result;
}

Matrix numbers(std::int64_t count, int seed) {
  Matrix matrix;
  for (std::int64_t i = 0; i < count; ++i) {
    matrix.push_back(static_cast<double>((i * 7 + seed) % 11) - 5);
  }
  return matrix;
}

Matrix expected(const Product& p, const Matrix& a, const Matrix& b) {
  Matrix c;
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t j = 0; j < p.n; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < p.k; ++k) {
        const auto in_a = static_cast<std::size_t>(p.a_transposed ? k * p.m + i : i * p.k + k);
        const auto in_b = static_cast<std::size_t>(p.b_transposed ? j * p.k + k : k * p.n + j);
        sum += a[in_a] * b[in_b];
      }
      c.push_back(sum);
    }
  }
  return c;
}

TEST(CublasGemm, IsTheRowMajorProduct) {
  for (const bool a_transposed : {false, true}) {
    for (const bool b_transposed : {false, true}) {
      const Product product{
          .m = 3, .n = 5, .k = 4, .a_transposed = a_transposed, .b_transposed = b_transposed};
      const Matrix a = numbers(product.m * product.k, 1);
      const Matrix b = numbers(product.k * product.n, 2);
      EXPECT_EQ(computed(gemm_of(product), b, a), expected(product, a, b))
          << a_transposed << b_transposed;
    }
  }
}

TEST(CublasGemm, ChoosesTypesByMath) {
  Product product{.m = 1, .n = 1, .k = 1, .math = ProductMath::f32};
  EXPECT_EQ(gemm_of(product).factors, CUDA_R_32F);
  EXPECT_EQ(gemm_of(product).compute, CUBLAS_COMPUTE_32F);
  product.math = ProductMath::tf32;
  EXPECT_EQ(gemm_of(product).factors, CUDA_R_32F);
  EXPECT_EQ(gemm_of(product).compute, CUBLAS_COMPUTE_32F_FAST_TF32);
  product.math = ProductMath::bf16;
  EXPECT_EQ(gemm_of(product).factors, CUDA_R_16BF);
  EXPECT_EQ(gemm_of(product).compute, CUBLAS_COMPUTE_32F);
}

TEST(CublasGemm, RefusesExtentsThatCublasCannotCount) {
  EXPECT_THROW(gemm_of({.m = 0, .n = 1, .k = 1}), Error);
  EXPECT_THROW(gemm_of({.m = 1, .n = std::int64_t{1} << 31, .k = 1}), Error);
}

// The library is there or says that it is not; a handle needs a GPU.
TEST(CublasLibrary, HasAllFunctionsOrAnObstacle) {
  if (library().obstacle.empty()) {
    int major = 0;
    library().get_property(MAJOR_VERSION, &major);
    EXPECT_EQ(major, CUBLAS_VER_MAJOR);
  } else {
    EXPECT_THROW(required_library(), Error);
  }
}

}  // namespace
}  // namespace gramgrad::cuda::cublas
