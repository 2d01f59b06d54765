// The handle, the cache of plans, and executions.
#include "kernels/cuda/cudnn/convolutions.h"

#include <array>

#include "kernels/cuda/cudnn/library.h"

namespace gramgrad::cuda::cudnn {

Convolutions::Convolutions(cudaStream_t stream, Math math) : math_(math) {
  expect_success(required_library().create(&handle_), "opening the GPU");
  expect_success(library().set_stream(handle_, stream), "choosing a stream");
}

Convolutions::~Convolutions() {
  library().destroy(handle_);
}

const Plan& Convolutions::plan(const ConvolutionKey& key) {
  const std::lock_guard lock(mutex_);
  const auto known = plans_.find(key);
  if (known != plans_.end()) {
    return known->second;
  }
  const ConvolutionGraph graph(key, handle_);
  return plans_.emplace(key, Plans(graph, math_, handle_).best()).first->second;
}

std::int64_t Convolutions::workspace_bytes(const ConvolutionKey& key) {
  return plan(key).workspace_bytes();
}

void Convolutions::run(const ConvolutionKey& key, const ConvolutionTensors& tensors,
                       void* workspace) {
  const std::array<std::int64_t, 4> ids{id_x, id_w, id_y, id_bias};
  const std::array<void*, 4> pointers{tensors.x, tensors.w, tensors.y, tensors.bias};
  const std::size_t count = key.bias ? 4 : 3;
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span(ids).first(count));
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, std::span<void* const>(pointers).first(count));
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  pack.finalize();
  expect_success(library().execute(handle_, plan(key).get().get(), pack.get()),
                 "running a convolution");
}

}  // namespace gramgrad::cuda::cudnn
