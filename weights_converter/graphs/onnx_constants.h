// Which values of an ONNX graph are constant, seen through the nodes that only rearrange them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "weights_converter/graphs/onnx_model.h"

namespace gramgrad::converter {

struct OnnxConstant {
  std::size_t tensor = 0;  // index into the tensors
  // Axis k of the value is axis axes[k] of the tensor; empty if a vector was given another shape.
  std::vector<std::size_t> axes;
};

class OnnxConstants {
 public:
  // The tensors must outlive this.
  explicit OnnxConstants(const std::vector<SourceTensor>& tensors);

  // Follows a node of type Identity, Cast, Transpose, Reshape, Squeeze or Unsqueeze whose input is
  // constant; false if it is no such node.
  bool follow(const OnnxNode& node);

  // Null if the value is not constant.
  const OnnxConstant* find(const std::string& value) const;

  // The tensor behind a vector, such as a bias, which may have been stored as [1, C, 1, 1]; nothing
  // if the value is not constant, no vector, or of no floating-point type.
  std::optional<std::size_t> vector(const std::string& value) const;

  // How a constant of this rank, 4 or 2, lies in its tensor, if its axes in the graph are `axes`
  // ("oihw", "io"); nothing if it is not constant or in an order that has no name.
  std::optional<WeightLayout> layout(const std::string& value, const std::string& axes) const;

 private:
  bool is_vector(std::size_t tensor) const;

  const std::vector<SourceTensor>& tensors_;
  std::unordered_map<std::string, OnnxConstant> constants_;
};

}  // namespace gramgrad::converter
