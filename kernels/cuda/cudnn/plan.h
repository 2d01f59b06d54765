// Execution plans: which of cuDNN's engines computes a graph, and how.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "kernels/cuda/cudnn/convolution_graph.h"

namespace gramgrad::cuda::cudnn {

// tf32: f32 inputs may be rounded to 10 bits of mantissa, so that tensor cores can multiply them.
// f32: they may not.
enum class Math { f32, tf32 };

// A GPU that need not be there, as cuDNN describes it in JSON ("deviceVer": 900, ...).
Descriptor described_device(std::string_view json);

// An engine with its settings, ready to run.
class Plan {
 public:
  std::int64_t workspace_bytes() const { return workspace_bytes_; }
  std::int64_t engine() const { return engine_; }  // cuDNN's number of it
  const Descriptor& get() const { return plan_; }

 private:
  friend class Plans;
  Plan(Descriptor plan, std::int64_t engine);
  Descriptor plan_;
  std::int64_t workspace_bytes_ = 0;
  std::int64_t engine_ = 0;
};

// The plans for one graph, best first as cuDNN's heuristics expect it. Only engines whose results
// are the same every time, and exact enough for `math`.
class Plans {
 public:
  // For the GPU of `handle`, or for a described device.
  Plans(const ConvolutionGraph& graph, Math math, cudnnHandle_t handle);
  Plans(const ConvolutionGraph& graph, Math math, const Descriptor& device);

  std::size_t candidates() const { return configurations_.size(); }
  // Candidate `i` made ready, or nothing if cuDNN finds that it does not run on the device after
  // all.
  std::optional<Plan> make(std::size_t i) const;
  // The first that can be made ready, or nothing if there is none.
  std::optional<Plan> best() const;

 private:
  void ask(const ConvolutionGraph& graph, Math math);
  void ask(const ConvolutionGraph& graph, Math math, cudnnBackendHeurMode_t mode);

  cudnnHandle_t handle_ = nullptr;
  const Descriptor* device_ = nullptr;
  std::vector<Descriptor> configurations_;
};

}  // namespace gramgrad::cuda::cudnn
