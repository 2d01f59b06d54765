// The CUDA device of a build without CUDA: it says so.
#include "kernels/check.h"
#include "kernels/cuda/availability.h"
#include "kernels/cuda/product.h"
#include "kernels/ops.h"

namespace gramgrad {

cuda::Availability cuda::availability() {
  return {.status = Status::not_built, .message = "", .gpus = {}};
}

Device Device::cuda(int ordinal, Math, CudaPlans) {
  fail("device cuda:{}: {}", ordinal, cuda::obstacle(cuda::availability(), ordinal));
}

void cuda::multiply(const Product&, const Tensor&, const Tensor&, Tensor&) {
  fail("matrix products of cuda: {}", cuda::obstacle(cuda::availability(), 0));
}

std::string cuda::cublas_version() {
  return cuda::obstacle(cuda::availability(), 0);
}
std::string cuda::cudnn_version() {
  return cuda::obstacle(cuda::availability(), 0);
}

Ops cuda_ops() {
  fail("operators of cuda: {}", cuda::obstacle(cuda::availability(), 0));
}

}  // namespace gramgrad
