// Field numbers are those of onnx/onnx.proto.
#include "weights_converter/graphs/onnx_model.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/graphs/limits.h"
#include "weights_converter/graphs/onnx_tensor.h"
#include "weights_converter/graphs/wire.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t max_nodes = 100'000;
constexpr std::size_t max_node_values = 1'000;  // inputs or outputs of one node
constexpr std::size_t max_attribute_integers = 64;

constexpr std::array<std::string_view, 13> needed_attributes = {
    "alpha",        "auto_pad", "axis", "beta",    "dilations", "epsilon", "group",
    "kernel_shape", "pads",     "perm", "strides", "transA",    "transB"};

struct NamedAttribute {
  std::string name;
  OnnxAttribute value;
  std::span<const std::byte> tensor;
};

// The name comes first: what an attribute that nobody needs holds is not looked at.
std::string name_of_attribute(const InputFile& file, std::span<const std::byte> message) {
  std::string name;
  for (WireReader at(file, message); at.next();) {
    if (at.number() == 1) {
      name = at.text();
    }
  }
  return name;
}

NamedAttribute parse_attribute(const InputFile& file, std::span<const std::byte> message) {
  NamedAttribute attribute;
  attribute.name = name_of_attribute(file, message);
  const bool needed = std::find(needed_attributes.begin(), needed_attributes.end(),
                                attribute.name) != needed_attributes.end();
  if (!needed && attribute.name != "value") {
    return attribute;
  }
  for (WireReader at(file, message); at.next();) {
    switch (at.number()) {
      case 2:
        attribute.value.number = at.f32();
        break;
      case 3:
        attribute.value.integer = static_cast<std::int64_t>(at.varint());
        break;
      case 4:
        attribute.value.text = at.text();
        break;
      case 5:
        attribute.tensor = at.bytes();
        break;
      case 8:
        at.append_integers(attribute.value.integers, max_attribute_integers);
        break;
      default:
        break;
    }
  }
  return attribute;
}

// Of a node of type Constant the tensor that it holds comes back too.
std::pair<OnnxNode, std::span<const std::byte>> parse_node(const InputFile& file,
                                                           std::span<const std::byte> message) {
  OnnxNode node;
  std::span<const std::byte> tensor;
  for (WireReader at(file, message); at.next();) {
    switch (at.number()) {
      case 1:
        append_within(node.inputs, max_node_values, at, "inputs of one node") = at.text();
        break;
      case 2:
        append_within(node.outputs, max_node_values, at, "outputs of one node") = at.text();
        break;
      case 3:
        node.name = at.text();
        break;
      case 4:
        node.type = at.text();
        break;
      case 5: {
        NamedAttribute attribute = parse_attribute(file, at.bytes());
        if (attribute.name == "value") {
          tensor = attribute.tensor;
        } else if (std::find(needed_attributes.begin(), needed_attributes.end(), attribute.name) !=
                   needed_attributes.end()) {
          node.attributes[attribute.name] = std::move(attribute.value);
        }
        break;
      }
      default:
        break;
    }
  }
  return {std::move(node), tensor};
}

void parse_graph(const InputFilePtr& file, std::span<const std::byte> message, OnnxModel& model) {
  for (WireReader at(*file, message); at.next();) {
    switch (at.number()) {
      case 1: {
        auto [node, tensor] = parse_node(*file, at.bytes());
        if (node.type == "Constant" && node.outputs.size() == 1 && tensor.data() != nullptr) {
          append_within(model.tensors, max_tensors, at, "tensors") =
              parse_onnx_tensor(file, tensor, node.outputs[0]);
        }
        append_within(model.nodes, max_nodes, at, "nodes") = std::move(node);
        break;
      }
      case 5:
        append_within(model.tensors, max_tensors, at, "tensors") =
            parse_onnx_tensor(file, at.bytes(), "");
        break;
      case 11: {
        std::string& name = append_within(model.inputs, max_tensors, at, "inputs");
        for (WireReader input(*file, at.bytes()); input.next();) {
          if (input.number() == 1) {
            name = input.text();
          }
        }
        break;
      }
      default:
        break;
    }
  }
}

}  // namespace

std::int64_t OnnxNode::integer(std::string_view key, std::int64_t otherwise) const {
  const auto found = attributes.find(key);
  return found == attributes.end() ? otherwise : found->second.integer;
}

double OnnxNode::number(std::string_view key, double otherwise) const {
  const auto found = attributes.find(key);
  return found == attributes.end() ? otherwise : static_cast<double>(found->second.number);
}

std::vector<std::int64_t> OnnxNode::integers(std::string_view key,
                                             std::vector<std::int64_t> otherwise) const {
  const auto found = attributes.find(key);
  if (found != attributes.end()) {
    otherwise = found->second.integers;
  }
  return otherwise;
}

std::string OnnxNode::text(std::string_view key) const {
  const auto found = attributes.find(key);
  return found == attributes.end() ? "" : found->second.text;
}

OnnxModel parse_onnx(const InputFilePtr& file) {
  OnnxModel model;
  std::optional<std::span<const std::byte>> graph;
  for (WireReader at(*file, file->bytes()); at.next();) {
    if (at.number() == 2) {
      model.producer = at.text();
    } else if (at.number() == 7) {
      graph = at.bytes();
    }
  }
  check(graph.has_value(), "is an ONNX file without a graph");
  parse_graph(file, *graph, model);
  // Files of before 2019 list the initialisers among the inputs.
  std::set<std::string, std::less<>> constant;
  for (const SourceTensor& tensor : model.tensors) {
    constant.insert(tensor.name);
  }
  std::erase_if(model.inputs, [&](const std::string& name) { return constant.contains(name); });
  return model;
}

}  // namespace gramgrad::converter
