// The handle, the cache of plans, and executions.
#include "kernels/cuda/cudnn/convolutions.h"

#include "kernels/cuda/cudnn/library.h"

namespace gramgrad::cuda::cudnn {

Convolutions::Convolutions(cudaStream_t stream, Math math, CudaPlans plans) : math_(math) {
  expect_success(required_library().create(&handle_), "opening the GPU");
  expect_success(library().set_stream(handle_, stream), "choosing a stream");
  if (plans == CudaPlans::measured) {
    autotuner_ = std::make_unique<Autotuner>(handle_, stream, math, default_plan_path());
  }
}

Convolutions::~Convolutions() {
  library().destroy(handle_);
}

const std::optional<Plan>& Convolutions::plan(const ConvolutionKey& key) {
  const std::lock_guard lock(mutex_);
  const auto known = plans_.find(key);
  if (known != plans_.end()) {
    return known->second;
  }
  const ConvolutionGraph graph(key, handle_);
  const Plans plans(graph, math_, handle_);
  return plans_.emplace(key, autotuner_ ? autotuner_->choose(key, plans) : plans.best())
      .first->second;
}

bool Convolutions::has_plan(const ConvolutionKey& key) {
  return plan(key).has_value();
}

std::int64_t Convolutions::workspace_bytes(const ConvolutionKey& key) {
  return plan(key).value().workspace_bytes();
}

void Convolutions::run(const ConvolutionKey& key, const ConvolutionTensors& tensors,
                       void* workspace) {
  execute(handle_, plan(key).value(), key, tensors, workspace);
}

}  // namespace gramgrad::cuda::cudnn
