// The parts of an ONNX file that matter here, taken off the wire: graph, attributes, tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

struct OnnxAttribute {
  float number = 0;
  std::int64_t integer = 0;
  std::string text;
  std::vector<std::int64_t> integers;
};

struct OnnxNode {
  std::string name;  // often empty
  std::string type;  // such as "Conv"
  std::vector<std::string> inputs, outputs;
  std::map<std::string, OnnxAttribute, std::less<>> attributes;  // those that readers of VGGs need

  // The attribute's value, or what stands for a missing one.
  std::int64_t integer(std::string_view key, std::int64_t otherwise) const;
  double number(std::string_view key, double otherwise) const;
  std::vector<std::int64_t> integers(std::string_view key,
                                     std::vector<std::int64_t> otherwise) const;
  std::string text(std::string_view key) const;
};

struct OnnxModel {
  std::string producer;             // such as "pytorch"
  std::vector<std::string> inputs;  // values that the user gives
  std::vector<OnnxNode> nodes;      // in an order in which they can be computed
  std::vector<SourceTensor> tensors;
};

// Throws Error.
OnnxModel parse_onnx(const InputFilePtr& file);

}  // namespace gramgrad::converter
