// Matrix products of a build without cuBLAS: it says so.
#include "kernels/check.h"
#include "kernels/cuda/product.h"

namespace gramgrad::cuda {

void multiply(const Product&, const Tensor&, const Tensor&, Tensor&) {
  fail("matrix products: {}; install its headers and build again", cublas_version());
}

std::string cublas_version() {
  return "this build has no cuBLAS";
}

}  // namespace gramgrad::cuda
