// Heuristics, the choice among engines, and plans.
#include "kernels/cuda/cudnn/plan.h"

#include <algorithm>

#include "kernels/check.h"
#include "kernels/cuda/cudnn/library.h"

namespace gramgrad::cuda::cudnn {
namespace {

constexpr std::int64_t most_configurations = 32;  // of one heuristic

Descriptor engine_of(const Descriptor& configuration) {
  return configuration.descriptor(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
}

// Winograd and FFT engines are refused for their larger errors, which vary with the data.
bool acceptable(const Descriptor& configuration, Math math) {
  const auto notes = engine_of(configuration).numerical_notes();
  return std::none_of(notes.begin(), notes.end(), [&](cudnnBackendNumericalNote_t note) {
    switch (note) {
      case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
      case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
      case CUDNN_NUMERICAL_NOTE_WINOGRAD:
      case CUDNN_NUMERICAL_NOTE_FFT:
        return true;
      case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
      case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
        return math == Math::f32;
      default:
        return false;
    }
  });
}

}  // namespace

Descriptor described_device(std::string_view json) {
  Descriptor device(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  device.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, json);
  device.finalize();
  return device;
}

Plan::Plan(Descriptor plan, std::int64_t engine)
    : plan_(std::move(plan)),
      workspace_bytes_(plan_.number(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE)),
      engine_(engine) {}

Plans::Plans(const ConvolutionGraph& graph, Math math, cudnnHandle_t handle) : handle_(handle) {
  ask(graph, math);
}

Plans::Plans(const ConvolutionGraph& graph, Math math, const Descriptor& device)
    : device_(&device) {
  ask(graph, math);
}

void Plans::ask(const ConvolutionGraph& graph, Math math) {
  ask(graph, math, CUDNN_HEUR_MODE_A);
  ask(graph, math, CUDNN_HEUR_MODE_FALLBACK);
}

void Plans::ask(const ConvolutionGraph& graph, Math math, cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.get());
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  if (device_ != nullptr) {
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *device_);
  }
  heuristics.finalize();
  for (Descriptor& configuration :
       heuristics.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
                              most_configurations)) {
    if (acceptable(configuration, math)) {
      configurations_.push_back(std::move(configuration));
    }
  }
}

std::optional<Plan> Plans::make(std::size_t i) const {
  const Descriptor& configuration = configurations_.at(i);
  try {
    Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    if (device_ != nullptr) {
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *device_);
    } else {
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle_);
    }
    plan.finalize();
    return Plan(std::move(plan), engine_of(configuration).number(CUDNN_ATTR_ENGINE_GLOBAL_INDEX));
  } catch (const Error&) {
    return std::nullopt;  // the heuristics are optimistic; the next candidate is asked
  }
}

std::optional<Plan> Plans::best() const {
  for (std::size_t i = 0; i < candidates(); ++i) {
    if (std::optional<Plan> plan = make(i)) {
      return plan;
    }
  }
  return std::nullopt;
}

}  // namespace gramgrad::cuda::cudnn
