// Binds memory to a plan's tensors.
#include "kernels/cuda/cudnn/execution.h"

#include <array>

#include "kernels/cuda/cudnn/library.h"

namespace gramgrad::cuda::cudnn {

void execute(cudnnHandle_t handle, const Plan& plan, const ConvolutionKey& key,
             const ConvolutionTensors& tensors, void* workspace) {
  const std::array<std::int64_t, 4> ids{id_x, id_w, id_y, id_bias};
  const std::array<void*, 4> pointers{tensors.x, tensors.w, tensors.y, tensors.bias};
  const std::size_t count = key.bias ? 4 : 3;
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span(ids).first(count));
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, std::span<void* const>(pointers).first(count));
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  pack.finalize();
  expect_success(library().execute(handle, plan.get().get(), pack.get()), "running a convolution");
}

}  // namespace gramgrad::cuda::cudnn
