// Exporters from Keras wrap weights in Transpose nodes; nothing is moved here, only the order of
// the axes is kept.
#include "weights_converter/graphs/onnx_constants.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

namespace gramgrad::converter {
namespace {

constexpr std::array<std::pair<std::string_view, WeightLayout>, 6> layouts = {{
    {"oihw", WeightLayout::oihw},
    {"hwio", WeightLayout::hwio},
    {"ohwi", WeightLayout::ohwi},
    {"oiwh", WeightLayout::oiwh},
    {"oi", WeightLayout::oi},
    {"io", WeightLayout::io},
}};

// The value's axis k is the input's axis order[k]; empty if `perm` is no permutation of the rank.
std::vector<std::size_t> permute(const std::vector<std::size_t>& axes,
                                 std::vector<std::int64_t> perm) {
  if (perm.empty()) {  // the default: all axes reversed
    return {axes.rbegin(), axes.rend()};
  }
  if (perm.size() != axes.size() ||
      std::set<std::int64_t>(perm.begin(), perm.end()).size() != perm.size()) {
    return {};
  }
  std::vector<std::size_t> permuted;
  for (const std::int64_t axis : perm) {
    if (axis < 0 || static_cast<std::uint64_t>(axis) >= axes.size()) {
      return {};
    }
    permuted.push_back(axes[static_cast<std::size_t>(axis)]);
  }
  return permuted;
}

}  // namespace

OnnxConstants::OnnxConstants(const std::vector<SourceTensor>& tensors) : tensors_(tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    OnnxConstant constant{i, std::vector<std::size_t>(tensors[i].shape.size())};
    std::iota(constant.axes.begin(), constant.axes.end(), std::size_t{0});
    constants_.emplace(tensors[i].name, std::move(constant));
  }
}

bool OnnxConstants::follow(const OnnxNode& node) {
  if (node.inputs.empty() || node.outputs.empty()) {
    return false;
  }
  const auto found = constants_.find(node.inputs[0]);
  if (found == constants_.end()) {
    return false;
  }
  OnnxConstant constant = found->second;
  if (node.type == "Transpose") {
    constant.axes = permute(constant.axes, node.integers("perm", {}));
  } else if (node.type == "Reshape" || node.type == "Squeeze" || node.type == "Unsqueeze") {
    constant.axes.clear();  // whatever is no vector is now unknown
  } else if (node.type != "Identity" && node.type != "Cast") {
    return false;
  }
  constants_.emplace(node.outputs[0], std::move(constant));
  return true;
}

const OnnxConstant* OnnxConstants::find(const std::string& value) const {
  const auto found = constants_.find(value);
  return found == constants_.end() ? nullptr : &found->second;
}

bool OnnxConstants::is_vector(std::size_t tensor) const {
  const std::vector<std::int64_t>& shape = tensors_[tensor].shape;
  return std::count_if(shape.begin(), shape.end(), [](std::int64_t n) { return n != 1; }) <= 1;
}

std::optional<std::size_t> OnnxConstants::vector(const std::string& value) const {
  const OnnxConstant* constant = find(value);
  if (constant == nullptr || !is_vector(constant->tensor) ||
      tensors_[constant->tensor].type == ElementType::other) {
    return std::nullopt;
  }
  return constant->tensor;
}

std::optional<WeightLayout> OnnxConstants::layout(const std::string& value,
                                                  const std::string& axes) const {
  const OnnxConstant* constant = find(value);
  if (constant == nullptr || constant->axes.size() != axes.size() ||
      tensors_[constant->tensor].shape.size() != axes.size() ||
      tensors_[constant->tensor].type == ElementType::other) {
    return std::nullopt;
  }
  std::string stored(axes.size(), '?');
  for (std::size_t k = 0; k < axes.size(); ++k) {
    stored[constant->axes[k]] = axes[k];
  }
  for (const auto& [name, layout] : layouts) {
    if (name == stored) {
      return layout;
    }
  }
  return std::nullopt;
}

}  // namespace gramgrad::converter
