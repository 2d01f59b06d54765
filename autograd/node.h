// Node: one recorded function application, as the functions see it.
//
// To write a differentiable function: compute the outputs, then
//
//   return record("relu", y, {x}, [mask](Backward& step) {
//     step.into(0, [&](Tensor& dx, WriteMode mode) {
//       dx.device().ops().relu_backward(step.dy(), mask, dx, mode);
//     });
//   });
//
// The lambda captures the tensors that the gradient needs, and nothing else.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/variable.h"
#include "kernels/ops.h"

namespace gramgrad::autograd {

// What a node's backward function works on.
class Backward {
 public:
  Backward(std::span<const Tensor> output_gradients, std::span<const Edge> inputs,
           std::function<std::pair<Tensor*, WriteMode>(const Edge&)> slot)
      : output_gradients_(output_gradients), inputs_(inputs), slot_(std::move(slot)) {}

  // Gradient of an output. Undefined where nothing flowed into that output, which can only happen
  // to functions with several outputs.
  const Tensor& dy(int output = 0) const {
    return output_gradients_[static_cast<std::size_t>(output)];
  }
  const Tensor* dy_or_null(int output) const {
    return dy(output).defined() ? &dy(output) : nullptr;
  }

  // Where that input wants a gradient, calls write(gradient, mode): mode says whether to overwrite
  // it or to add to it.
  template <typename Write>
  void into(int input, Write&& write) {
    const Edge& edge = inputs_[static_cast<std::size_t>(input)];
    if (edge.wanted()) {
      const auto [gradient, mode] = slot_(edge);
      write(*gradient, mode);
    }
  }

 private:
  std::span<const Tensor> output_gradients_;
  std::span<const Edge> inputs_;
  std::function<std::pair<Tensor*, WriteMode>(const Edge&)> slot_;
};

using BackwardFunction = std::function<void(Backward&)>;

struct Node {
  std::string_view name;  // of the function, for error messages; a string literal
  int outputs;
  std::vector<Edge> inputs;
  BackwardFunction backward;  // with the saved tensors; empty once it has run
};

// True where a function of these inputs must save what its gradient needs.
bool any_requires_grad(std::initializer_list<Variable> inputs);
bool any_requires_grad(std::span<const Variable> inputs);

// Wraps outputs as variables, and records a node if any input requires a gradient.
Variable record(std::string_view name, Tensor output, std::initializer_list<Variable> inputs,
                BackwardFunction backward);
std::vector<Variable> record(std::string_view name, std::vector<Tensor> outputs,
                             std::span<const Variable> inputs, BackwardFunction backward);

}  // namespace gramgrad::autograd
