// What is queued on a stream, recorded as a CUDA graph.
#pragma once

#include <memory>

#include "kernels/cuda/backend.h"
#include "kernels/device_state.h"

namespace gramgrad::cuda {

// Of that backend's stream.
Recorder graph_recorder(const std::shared_ptr<Backend>& backend);

}  // namespace gramgrad::cuda
