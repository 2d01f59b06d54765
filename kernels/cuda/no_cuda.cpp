// The CUDA device of a build without CUDA: it says so. No profiler either.
#include "kernels/check.h"
#include "kernels/cuda/availability.h"
#include "kernels/ops.h"
#include "kernels/profile_range.h"

namespace gramgrad {

cuda::Availability cuda::availability() {
  return {.status = Status::not_built, .message = "", .gpus = {}};
}

Device Device::cuda(int ordinal, CudaMath) {
  fail("device cuda:{}: {}", ordinal, cuda::obstacle(cuda::availability(), ordinal));
}

ProfileRange::ProfileRange(const char*) {}
ProfileRange::~ProfileRange() = default;

Ops cuda_ops() {
  fail("operators of cuda: {}", cuda::obstacle(cuda::availability(), 0));
}

}  // namespace gramgrad
