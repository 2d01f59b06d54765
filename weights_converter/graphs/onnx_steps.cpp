// A node that does not fit what is known of its type becomes a step that the walk will not pass.
#include "weights_converter/graphs/onnx_steps.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/graphs/onnx_constants.h"

namespace gramgrad::converter {
namespace {

struct Context {
  const OnnxModel& model;
  OnnxConstants constants;

  const SourceTensor& tensor(std::size_t index) const { return model.tensors[index]; }
};

std::int64_t at_or(const std::vector<std::int64_t>& values, std::size_t index,
                   std::int64_t otherwise) {
  return index < values.size() ? values[index] : otherwise;
}

// `kernel` stands for a missing attribute kernel_shape.
Window window_of(const OnnxNode& node, const std::vector<std::int64_t>& kernel) {
  const auto shape = node.integers("kernel_shape", kernel);
  const auto strides = node.integers("strides", {});
  const auto dilations = node.integers("dilations", {});
  Window window;
  window.rows = at_or(shape, 0, 0);
  window.columns = at_or(shape, 1, 0);
  window.row_stride = at_or(strides, 0, 1);
  window.column_stride = at_or(strides, 1, 1);
  window.dilation = std::max(at_or(dilations, 0, 1), at_or(dilations, 1, 1));
  window.groups = node.integer("group", 1);
  window.pads = node.integers("pads", {0, 0, 0, 0});
  if (node.text("auto_pad").starts_with("SAME")) {
    // At stride 1 half the kernel on each side; at stride 2 nothing for a kernel of 2, if the
    // picture has an even number of rows and columns.
    const std::int64_t pad = window.row_stride == 1 ? (window.rows - 1) / 2 : 0;
    window.pads = {pad, pad, pad, pad};
  }
  return window;
}

// Puts a bias, if it is there and fits, into a step of kind conv or linear.
bool add_bias(const Context& context, const OnnxNode& node, Step& step) {
  if (node.inputs.size() < 3 || node.inputs[2].empty()) {
    return true;
  }
  step.layer.bias = context.constants.vector(node.inputs[2]);
  return step.layer.bias && context.tensor(*step.layer.bias).element_count() == step.channels;
}

std::string layer_name(const OnnxNode& node) {
  return node.name.empty() && node.inputs.size() > 1 ? node.inputs[1] : node.name;
}

std::int64_t dimension(const SourceTensor& weight, WeightLayout layout, char axis) {
  constexpr std::string_view names[] = {"oihw", "hwio", "ohwi", "oiwh", "oi", "io"};
  return weight.shape[names[static_cast<std::size_t>(layout)].find(axis)];
}

Op convolution(const Context& context, const OnnxNode& node, Step& step) {
  const auto layout =
      node.inputs.size() < 2 ? std::nullopt : context.constants.layout(node.inputs[1], "oihw");
  if (!layout) {
    return Op::other;
  }
  const std::size_t index = context.constants.find(node.inputs[1])->tensor;
  const SourceTensor& weight = context.tensor(index);
  step.layer = {LayerKind::conv, layer_name(node), *layout, index, std::nullopt, std::nullopt};
  step.channels = dimension(weight, *layout, 'o');
  const std::vector<std::int64_t> kernel = {dimension(weight, *layout, 'h'),
                                            dimension(weight, *layout, 'w')};
  step.window = window_of(node, kernel);
  const bool agrees = step.window.rows == kernel[0] && step.window.columns == kernel[1];
  return agrees && add_bias(context, node, step) ? Op::conv : Op::other;
}

Op matrix_product(const Context& context, const OnnxNode& node, Step& step) {
  const bool transposed = node.integer("transB", 0) != 0;
  const auto layout = node.inputs.size() < 2
                          ? std::nullopt
                          : context.constants.layout(node.inputs[1], transposed ? "oi" : "io");
  if (!layout || node.integer("transA", 0) != 0 || node.number("alpha", 1) != 1 ||
      node.number("beta", 1) != 1) {
    return Op::other;
  }
  const std::size_t index = context.constants.find(node.inputs[1])->tensor;
  step.layer = {LayerKind::linear, layer_name(node), *layout, index, std::nullopt, std::nullopt};
  step.channels = dimension(context.tensor(index), *layout, 'o');
  return add_bias(context, node, step) ? Op::linear : Op::other;
}

Op batch_normalization(const Context& context, const OnnxNode& node, Step& step) {
  if (node.inputs.size() < 5) {
    return Op::other;
  }
  BatchNorm& norm = step.batch_norm;
  const std::pair<std::size_t*, std::size_t> parts[] = {
      {&norm.gamma, 1}, {&norm.beta, 2}, {&norm.mean, 3}, {&norm.variance, 4}};
  for (const auto& [part, input] : parts) {
    const auto index = context.constants.vector(node.inputs[input]);
    if (!index) {
      return Op::other;
    }
    const std::int64_t channels = context.tensor(*index).element_count();
    if (input > 1 && channels != step.channels) {
      return Op::other;
    }
    step.channels = channels;
    *part = *index;
  }
  norm.epsilon = node.number("epsilon", 1e-5);
  return Op::batch_norm;
}

Op transpose(const Context&, const OnnxNode& node, Step&) {
  const auto perm = node.integers("perm", {});
  if (perm == std::vector<std::int64_t>{0, 3, 1, 2}) {
    return Op::to_channels_first;
  }
  return perm == std::vector<std::int64_t>{0, 2, 3, 1} ? Op::to_channels_last : Op::other;
}

// Add and Mul take their operands in either order.
Op arithmetic(const Context& context, const OnnxNode& node, Step& step) {
  if (node.inputs.size() != 2) {
    return Op::other;
  }
  const bool either = node.type == "Add" || node.type == "Mul";
  const bool swapped = either && context.constants.find(node.inputs[0]) != nullptr;
  const std::string& constant = node.inputs[swapped ? 0 : 1];
  step.input = node.inputs[swapped ? 1 : 0];
  const auto vector = context.constants.vector(constant);
  if (node.type == "Add" && vector) {
    step.bias = *vector;
    step.channels = context.tensor(*vector).element_count();
    return Op::bias;
  }
  return context.constants.find(constant) != nullptr ? Op::arithmetic : Op::other;
}

Op pooling(const Context&, const OnnxNode& node, Step& step) {
  step.window = window_of(node, {});
  return Op::pool;
}

Op flatten(const Context&, const OnnxNode& node, Step&) {
  return node.integer("axis", 1) == 1 ? Op::flatten : Op::other;
}

template <Op op>
Op plain(const Context&, const OnnxNode&, Step&) {
  return op;
}

using Translate = std::function<Op(const Context&, const OnnxNode&, Step&)>;

const Translate* translation(const std::string& type) {
  static const std::unordered_map<std::string_view, Translate> translations = {
      {"Add", arithmetic},
      {"AveragePool", pooling},
      {"BatchNormalization", batch_normalization},
      {"Cast", plain<Op::pass>},
      {"Conv", convolution},
      {"Div", arithmetic},
      {"Dropout", plain<Op::pass>},
      {"Flatten", flatten},
      {"Gemm", matrix_product},
      {"GlobalAveragePool", pooling},
      {"GlobalMaxPool", pooling},
      {"Identity", plain<Op::pass>},
      {"LogSoftmax", plain<Op::softmax>},
      {"MatMul", matrix_product},
      {"MaxPool", pooling},
      {"Mul", arithmetic},
      {"ReduceMean", pooling},
      {"Relu", plain<Op::relu>},
      {"Reshape", plain<Op::flatten>},
      {"Sigmoid", plain<Op::softmax>},
      {"Softmax", plain<Op::softmax>},
      {"Squeeze", plain<Op::flatten>},
      {"Sub", arithmetic},
      {"Transpose", transpose},
  };
  const auto found = translations.find(type);
  return found == translations.end() ? nullptr : &found->second;
}

}  // namespace

std::vector<Step> onnx_steps(const OnnxModel& model) {
  Context context{model, OnnxConstants(model.tensors)};
  std::vector<Step> steps;
  for (const OnnxNode& node : model.nodes) {
    // Shape reads the sizes of a value and leaves it to others.
    if (node.inputs.empty() || node.outputs.empty() || node.type == "Shape" ||
        context.constants.follow(node)) {
      continue;
    }
    Step step;
    step.name = fmt::format("{} ({})", node.name.empty() ? node.outputs[0] : node.name, node.type);
    step.input = node.inputs[0];
    step.outputs = {node.outputs[0]};  // others are masks and the like
    if (const Translate* translate = translation(node.type)) {
      step.op = (*translate)(context, node, step);
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace gramgrad::converter
