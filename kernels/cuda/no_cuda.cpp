// The CUDA device of a build without CUDA: it says so.
#include "kernels/check.h"
#include "kernels/cuda/availability.h"
#include "kernels/ops.h"

namespace gramgrad {

cuda::Availability cuda::availability() {
  return {.status = Status::not_built, .message = "", .gpus = {}};
}

Device Device::cuda(int ordinal, CudaMath) {
  fail("device cuda:{}: {}", ordinal, cuda::obstacle(cuda::availability(), ordinal));
}

Ops cuda_ops() {
  fail("operators of cuda: {}", cuda::obstacle(cuda::availability(), 0));
}

}  // namespace gramgrad
