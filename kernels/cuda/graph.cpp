// CUDA graphs: stream capture, and an executable graph as something to call.
#include "kernels/cuda/graph.h"

#include <utility>

#include "kernels/cuda/runtime.h"

namespace gramgrad::cuda {
namespace {

class Graph {
 public:
  Graph(std::shared_ptr<Backend> backend, cudaGraph_t captured) : backend_(std::move(backend)) {
    expect_success(cudaGraphInstantiate(&executable_, captured, 0),
                   "making an iteration's graph executable");
  }
  ~Graph() {
    cudaStreamSynchronize(backend_->stream());  // it may still run
    cudaGraphExecDestroy(executable_);
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void run() const {
    const CurrentGpu current(backend_->ordinal());
    expect_success(cudaGraphLaunch(executable_, backend_->stream()),
                   "starting a recorded iteration");
  }

 private:
  std::shared_ptr<Backend> backend_;  // outlives what was instantiated for its stream
  cudaGraphExec_t executable_ = nullptr;
};

// Other threads may use CUDA meanwhile.
void begin_capture(const Backend& backend) {
  const CurrentGpu current(backend.ordinal());
  expect_success(cudaStreamBeginCapture(backend.stream(), cudaStreamCaptureModeThreadLocal),
                 "beginning to record an iteration");
}

std::function<void()> end_capture(const std::shared_ptr<Backend>& backend) {
  const CurrentGpu current(backend->ordinal());
  cudaGraph_t captured = nullptr;
  expect_success(cudaStreamEndCapture(backend->stream(), &captured), "recording an iteration");
  const std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, decltype(&cudaGraphDestroy)> owner(
      captured, cudaGraphDestroy);
  return [graph = std::make_shared<Graph>(backend, captured)] { graph->run(); };
}

void abandon_capture(const Backend& backend) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  cudaStreamIsCapturing(backend.stream(), &status);
  if (status != cudaStreamCaptureStatusNone) {
    cudaGraph_t captured = nullptr;
    cudaStreamEndCapture(backend.stream(), &captured);
    if (captured != nullptr) {
      cudaGraphDestroy(captured);
    }
  }
  cudaGetLastError();  // so that no later call reports this one's error
}

}  // namespace

Recorder graph_recorder(const std::shared_ptr<Backend>& backend) {
  return {.begin = [backend] { begin_capture(*backend); },
          .end = [backend] { return end_capture(backend); },
          .abandon = [backend] { abandon_capture(*backend); }};
}

}  // namespace gramgrad::cuda
