// Plain matrix products by cuBLAS, on a CUDA device: what hand-written kernels are measured
// against. A build without CUDA or without cuBLAS's headers has them too, and they throw.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/tensor.h"

namespace gramgrad::cuda {

// What the factors are rounded to; sums are f32.
enum class ProductMath { f32, tf32, bf16 };

// C [m, n] = alpha A B + beta C, all row-major.
struct Product {
  std::int64_t m = 0, n = 0, k = 0;
  bool a_transposed = false;  // A lies as [k, m], else as [m, k]
  bool b_transposed = false;  // B lies as [n, k], else as [k, n]
  float alpha = 1, beta = 0;
  ProductMath math = ProductMath::f32;
};

// Queued on the device's stream. A, B and C are f32 tensors of as many elements as their matrices;
// for bf16, A and B are bf16, and C may be. Throws Error where cuBLAS is missing, for other sizes,
// and where cuBLAS refuses.
void multiply(const Product& product, const Tensor& a, const Tensor& b, Tensor& c);

// "13.1.0"; where there is none, why not.
std::string cublas_version();
std::string cudnn_version();

}  // namespace gramgrad::cuda
