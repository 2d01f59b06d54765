// Variable: a tensor with, where it is wanted, the gradient of a scalar with respect to it.
//
// Reverse-mode differentiation: every function in autograd/functions.h that is given a Variable
// that requires a gradient records a Node; backward(loss) walks the nodes in reverse.
#pragma once

#include <memory>
#include <vector>

#include "kernels/tensor.h"

namespace gramgrad::autograd {

struct Node;

// A variable that nobody computed: its gradient outlives the backward pass and is accumulated into.
struct Leaf {
  Tensor grad;  // undefined until the first backward pass
};

// Where the gradient of a value goes: to a leaf, to one output of a node, or nowhere.
// It keeps the value's shape, not the value, so that a node does not hold on to its inputs.
struct Edge {
  std::shared_ptr<Leaf> leaf;
  std::shared_ptr<Node> node;
  int output = 0;
  Shape shape;
  DType dtype = DType::f32;

  bool wanted() const { return leaf != nullptr || node != nullptr; }
};

// A handle: copies share value and gradient.
class Variable {
 public:
  Variable() = default;  // undefined
  // A constant, or (requires_grad) a leaf.
  explicit Variable(Tensor value, bool requires_grad = false);
  // Output of a function: used by record().
  Variable(Tensor value, Edge edge) : value_(std::move(value)), edge_(std::move(edge)) {}

  bool defined() const { return value_.defined(); }
  const Tensor& value() const { return value_; }
  const Shape& shape() const { return value_.shape(); }
  const Device& device() const { return value_.device(); }
  bool requires_grad() const { return edge_.wanted(); }

  // The accumulated gradient of a leaf, in the value's shape; undefined before the first backward
  // pass. Throws Error for a variable that is not a leaf.
  const Tensor& grad() const;
  // backward() adds to whatever is there; undefined clears it.
  void set_grad(Tensor grad);

  // The same value without its history: nothing flows back through it.
  Variable detached() const { return Variable(value_); }

  const Edge& edge() const { return edge_; }

 private:
  Tensor value_;
  Edge edge_;
};

// Adds d(loss)/d(leaf) to the gradient of every leaf that `loss` [1] depends on.
// What the nodes saved is freed as the pass goes, so a graph can be walked once.
void backward(const Variable& loss);

}  // namespace gramgrad::autograd
