// The operators on tensor cores of a build without cuDNN: it says so.
#include "kernels/check.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/product.h"

namespace gramgrad::cuda {

Ops tensor_core_ops(Backend&, Math, CudaPlans) {
  fail(
      "tf32, mixed and bf16: this build has no cuDNN; install cuDNN 9 with its headers and build "
      "again, or use f32");
}

std::string cudnn_version() {
  return "this build has no cuDNN";
}

}  // namespace gramgrad::cuda
