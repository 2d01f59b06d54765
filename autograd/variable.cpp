// Variables, and how functions record themselves.
#include "autograd/variable.h"

#include <algorithm>

#include "autograd/node.h"
#include "kernels/check.h"

namespace gramgrad::autograd {
namespace {

// Destroys a node and, in a loop, the producers that only it kept alive. Left to the members'
// destructors, each node would be destroyed inside its consumer's destructor, and a deep graph
// would overflow the stack.
void destroy(Node* node) {
  std::vector<std::shared_ptr<Node>> doomed;
  const auto take_producers = [&](Node& consumer) {
    for (Edge& edge : consumer.inputs) {
      if (edge.node != nullptr) {
        doomed.push_back(std::move(edge.node));
      }
    }
  };
  take_producers(*node);
  delete node;
  while (!doomed.empty()) {
    const std::shared_ptr<Node> producer = std::move(doomed.back());
    doomed.pop_back();
    if (producer.use_count() == 1) {
      take_producers(*producer);
    }
  }
}

}  // namespace

Variable::Variable(Tensor value, bool requires_grad) : value_(std::move(value)) {
  if (requires_grad) {
    edge_.leaf = std::make_shared<Leaf>();
    edge_.shape = value_.shape();
    edge_.dtype = value_.dtype();
  }
}

const Tensor& Variable::grad() const {
  check(edge_.leaf != nullptr, "only a leaf that requires a gradient keeps one");
  return edge_.leaf->grad;
}

void Variable::set_grad(Tensor grad) {
  check(edge_.leaf != nullptr, "only a leaf that requires a gradient keeps one");
  check(!grad.defined() || (grad.shape() == edge_.shape && grad.dtype() == edge_.dtype),
        "a gradient must have the shape and type of its variable");
  edge_.leaf->grad = std::move(grad);
}

bool any_requires_grad(std::span<const Variable> inputs) {
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const Variable& input) { return input.requires_grad(); });
}

bool any_requires_grad(std::initializer_list<Variable> inputs) {
  return any_requires_grad(std::span(inputs.begin(), inputs.size()));
}

std::vector<Variable> record(std::string_view name, std::vector<Tensor> outputs,
                             std::span<const Variable> inputs, BackwardFunction backward) {
  std::shared_ptr<Node> node;
  if (any_requires_grad(inputs)) {
    std::vector<Edge> edges;
    for (const Variable& input : inputs) {
      edges.push_back(input.edge());
    }
    node.reset(
        new Node{name, static_cast<int>(outputs.size()), std::move(edges), std::move(backward)},
        destroy);
  }
  std::vector<Variable> variables;
  for (int index = 0; index < static_cast<int>(outputs.size()); ++index) {
    Tensor& output = outputs[static_cast<std::size_t>(index)];
    if (node == nullptr || !output.defined()) {
      variables.emplace_back(std::move(output));
    } else {
      Edge edge{nullptr, node, index, output.shape(), output.dtype()};
      variables.emplace_back(std::move(output), std::move(edge));
    }
  }
  return variables;
}

Variable record(std::string_view name, Tensor output, std::initializer_list<Variable> inputs,
                BackwardFunction backward) {
  return std::move(record(name, std::vector<Tensor>{std::move(output)},
                          std::span(inputs.begin(), inputs.size()), std::move(backward))
                       .front());
}

}  // namespace gramgrad::autograd
