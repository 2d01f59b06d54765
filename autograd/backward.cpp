// The backward pass: an iterative topological sort, then one visit a node, consumers before
// producers.
#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "autograd/node.h"
#include "autograd/variable.h"
#include "kernels/check.h"
#include "kernels/profile_range.h"

namespace gramgrad::autograd {
namespace {

// Every node comes after those whose outputs it consumes. No recursion: graphs can be deep.
std::vector<std::shared_ptr<Node>> producers_first(const std::shared_ptr<Node>& root) {
  struct Visit {
    std::shared_ptr<Node> node;
    std::size_t next_input = 0;
  };
  std::vector<std::shared_ptr<Node>> order;
  std::unordered_set<const Node*> seen{root.get()};
  std::vector<Visit> stack{{root}};
  while (!stack.empty()) {
    Visit& visit = stack.back();
    if (visit.next_input == visit.node->inputs.size()) {
      order.push_back(std::move(visit.node));
      stack.pop_back();
      continue;
    }
    const std::shared_ptr<Node>& producer = visit.node->inputs[visit.next_input++].node;
    if (producer != nullptr && seen.insert(producer.get()).second) {
      stack.push_back({producer});
    }
  }
  return order;
}

class Pass {
 public:
  explicit Pass(Device device) : device_(std::move(device)) {}

  // The tensor that collects the gradient of an edge's value, and how to write to it.
  std::pair<Tensor*, WriteMode> slot(const Edge& edge) {
    Tensor& gradient = edge.leaf != nullptr
                           ? edge.leaf->grad
                           : gradients_of(*edge.node)[static_cast<std::size_t>(edge.output)];
    const WriteMode mode = gradient.defined() ? WriteMode::accumulate : WriteMode::assign;
    if (mode == WriteMode::assign) {
      gradient = Tensor(device_, edge.shape, edge.dtype);
    }
    return {&gradient, mode};
  }

  void visit(Node& node) {
    const auto found = gradients_.find(&node);
    if (found != gradients_.end()) {
      check(node.backward != nullptr, "backward() has already walked through {}; build it again",
            node.name);
      const std::vector<Tensor> gradients = std::move(found->second);
      gradients_.erase(found);
      const ProfileRange range(node.name.data());  // a literal
      Backward step(gradients, node.inputs, [this](const Edge& edge) { return slot(edge); });
      node.backward(step);
    }
    node.backward = nullptr;  // frees what was saved
  }

 private:
  std::vector<Tensor>& gradients_of(const Node& node) {
    std::vector<Tensor>& gradients = gradients_[&node];
    gradients.resize(static_cast<std::size_t>(node.outputs));
    return gradients;
  }

  Device device_;
  std::unordered_map<const Node*, std::vector<Tensor>> gradients_;
};

}  // namespace

void backward(const Variable& loss) {
  check(loss.defined() && loss.value().size() == 1, "backward() starts from a scalar, shape [1]");
  const ProfileRange range("backward");
  check(loss.requires_grad(), "backward() from a value that depends on nothing with a gradient");
  Pass pass(loss.device());
  const auto [seed, mode] = pass.slot(loss.edge());
  Tensor one(loss.device(), loss.shape(), loss.value().dtype());
  loss.device().ops().fill(one, 1.0);
  loss.device().ops().axpby(1.0, one, mode == WriteMode::accumulate ? 1.0 : 0.0, *seed);
  if (loss.edge().node == nullptr) {
    return;
  }
  std::vector<std::shared_ptr<Node>> order = producers_first(loss.edge().node);
  while (!order.empty()) {
    pass.visit(*order.back());
    order.pop_back();
  }
}

}  // namespace gramgrad::autograd
