// Class names and settings are those of keras.io/api/layers; what is missing has Keras' default.
#include "weights_converter/graphs/tfjs_topology.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/graphs/json_access.h"

namespace gramgrad::converter {
namespace {

using nlohmann::json;

constexpr int max_models_deep = 8;

// Tensors by the end of their name, "block1_conv1/kernel": Keras may put the model's name before.
class Weights {
 public:
  explicit Weights(const std::vector<SourceTensor>& tensors) : tensors_(tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const std::string& name = tensors[i].name;
      const std::size_t last = name.rfind('/');
      const std::size_t before =
          last == std::string::npos || last == 0 ? last : name.rfind('/', last - 1);
      by_name_.emplace(before == std::string::npos ? name : name.substr(before + 1), i);
    }
  }

  // Of the rank that is asked for; nothing if there is none.
  std::optional<std::size_t> find(const std::string& layer, std::string_view weight,
                                  std::size_t rank) const {
    const auto found = by_name_.find(fmt::format("{}/{}", layer, weight));
    if (found == by_name_.end() || tensors_[found->second].shape.size() != rank ||
        tensors_[found->second].type == ElementType::other) {
      return std::nullopt;
    }
    return found->second;
  }

  const std::vector<std::int64_t>& shape(std::size_t index) const { return tensors_[index].shape; }

 private:
  const std::vector<SourceTensor>& tensors_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

struct KerasLayer {
  std::string type, name;
  const json& config;
};

bool flag(const json& config, const char* key, bool otherwise) {
  const json* value = member(config, key);
  return value == nullptr || !value->is_boolean() ? otherwise : value->get<bool>();
}

// A setting of rows and columns, as [2, 2] or as 2.
std::pair<std::int64_t, std::int64_t> pair_of(const json& config, const char* key,
                                              std::pair<std::int64_t, std::int64_t> otherwise) {
  const std::vector<std::int64_t> values = whole_numbers(config, key);
  return values.empty() ? otherwise : std::pair(values.front(), values.back());
}

Window window_of(const json& config, std::pair<std::int64_t, std::int64_t> kernel, bool pools) {
  Window window;
  std::tie(window.rows, window.columns) = kernel;
  std::tie(window.row_stride, window.column_stride) =
      pair_of(config, "strides", pools ? kernel : std::pair<std::int64_t, std::int64_t>(1, 1));
  const auto [rows, columns] = pair_of(config, "dilation_rate", {1, 1});
  window.dilation = std::max(rows, columns);
  const std::vector<std::int64_t> groups = whole_numbers(config, "groups");
  window.groups = groups.empty() ? 1 : groups.front();
  // At stride 1 "same" pads half the kernel on each side; pooling by 2 needs none when the picture
  // has an even number of rows and columns.
  const bool same = text_of(config, "padding") == "same" && window.row_stride == 1;
  const std::int64_t pad = same ? (window.rows - 1) / 2 : 0;
  window.pads = {pad, pad, pad, pad};
  return window;
}

class TopologySteps {
 public:
  explicit TopologySteps(const std::vector<SourceTensor>& tensors) : weights_(tensors) {}

  void add_model(const json& config, int depth) {
    check(depth <= max_models_deep, "its topology nests models deeper than {} levels",
          max_models_deep);
    const json* layers = config.is_array() ? &config : member(config, "layers");
    if (layers == nullptr || !layers->is_array()) {
      return;
    }
    for (const json& layer : *layers) {
      const json* settings = member(layer, "config");
      const std::string type = text_of(layer, "class_name");
      if (settings == nullptr || type == "InputLayer") {
        continue;
      }
      if (type == "Functional" || type == "Model" || type == "Sequential") {
        add_model(*settings, depth + 1);
      } else {
        add_layer({type, text_of(*settings, "name"), *settings});
      }
    }
  }

  std::vector<Step> take() { return std::move(steps_); }

 private:
  // Continues the chain: value n goes in, n + 1 comes out.
  Step& add_step(const KerasLayer& layer, Op op) {
    Step step;
    step.op = op;
    step.name = fmt::format("{} ({})", layer.name, layer.type);
    step.input = std::to_string(steps_.size());
    step.outputs = {std::to_string(steps_.size() + 1)};
    return steps_.emplace_back(std::move(step));
  }

  void add_layer(const KerasLayer& layer) {
    if (layer.type == "Conv2D") {
      add_convolution(layer);
    } else if (layer.type == "Dense") {
      add_dense(layer);
    } else if (layer.type == "BatchNormalization") {
      add_batch_norm(layer);
    } else if (layer.type == "MaxPooling2D" || layer.type == "AveragePooling2D") {
      add_step(layer, Op::pool).window =
          window_of(layer.config, pair_of(layer.config, "pool_size", {2, 2}), true);
    } else if (layer.type == "GlobalMaxPooling2D" || layer.type == "GlobalAveragePooling2D") {
      add_step(layer, Op::pool);
    } else if (layer.type == "Activation") {
      add_activation(layer);
    } else if (layer.type == "ReLU") {
      const bool plain = !member(layer.config, "max_value") &&
                         number(layer.config, "negative_slope", 0) == 0 &&
                         number(layer.config, "threshold", 0) == 0;
      add_step(layer, plain ? Op::relu : Op::other);
    } else {
      add_step(layer, simple(layer.type));
    }
  }

  static Op simple(const std::string& type) {
    if (type == "Flatten") {
      return Op::flatten;
    }
    if (type == "Dropout" || type == "SpatialDropout2D" || type == "GaussianNoise") {
      return Op::pass;
    }
    if (type == "Rescaling") {
      return Op::arithmetic;
    }
    return type == "Softmax" ? Op::softmax : Op::other;
  }

  void add_convolution(const KerasLayer& layer) {
    const auto kernel = weights_.find(layer.name, "kernel", 4);
    const std::string order = text_of(layer.config, "data_format");
    Step& step = add_step(layer, Op::other);
    if (!kernel || order == "channels_first") {
      return;
    }
    const std::vector<std::int64_t>& shape = weights_.shape(*kernel);
    const auto size = pair_of(layer.config, "kernel_size", {shape[0], shape[1]});
    step.layer = {LayerKind::conv, layer.name, WeightLayout::hwio, *kernel, {}, {}};
    step.channels = shape[3];
    step.window = window_of(layer.config, size, false);
    const bool agrees = size == std::pair(shape[0], shape[1]);
    finish_weighted(layer, step, agrees ? Op::conv : Op::other);
  }

  void add_dense(const KerasLayer& layer) {
    const auto kernel = weights_.find(layer.name, "kernel", 2);
    Step& step = add_step(layer, Op::other);
    if (!kernel) {
      return;
    }
    step.layer = {LayerKind::linear, layer.name, WeightLayout::io, *kernel, {}, {}};
    step.channels = weights_.shape(*kernel)[1];
    finish_weighted(layer, step, Op::linear);
  }

  // Adds bias and activation. `step` is not to be used after this.
  void finish_weighted(const KerasLayer& layer, Step& step, Op op) {
    step.op = op;
    if (flag(layer.config, "use_bias", true)) {
      step.layer.bias = weights_.find(layer.name, "bias", 1);
      if (!step.layer.bias || weights_.shape(*step.layer.bias)[0] != step.channels) {
        step.op = Op::other;
      }
    }
    add_activation(layer);
  }

  void add_activation(const KerasLayer& layer) {
    const std::string name = text_of(layer.config, "activation");
    if (name == "relu") {
      add_step(layer, Op::relu);
    } else if (name == "softmax" || name == "sigmoid") {
      add_step(layer, Op::softmax);
    } else if (name != "linear" && member(layer.config, "activation") != nullptr) {
      add_step(layer, Op::other);
    }
  }

  void add_batch_norm(const KerasLayer& layer) {
    Step& step = add_step(layer, Op::other);
    BatchNorm& norm = step.batch_norm;
    const std::pair<std::size_t*, std::string_view> parts[] = {{&norm.gamma, "gamma"},
                                                               {&norm.beta, "beta"},
                                                               {&norm.mean, "moving_mean"},
                                                               {&norm.variance, "moving_variance"}};
    for (const auto& [part, name] : parts) {
      const auto found = weights_.find(layer.name, name, 1);
      const bool first = part == &norm.gamma;
      if (!found || (!first && weights_.shape(*found)[0] != step.channels)) {
        return;
      }
      step.channels = weights_.shape(*found)[0];
      *part = *found;
    }
    norm.epsilon = number(layer.config, "epsilon", 1e-3);
    step.op = Op::batch_norm;
  }

  static double number(const json& config, const char* key, double otherwise) {
    const json* value = member(config, key);
    return value == nullptr || !value->is_number() ? otherwise : value->get<double>();
  }

  Weights weights_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> tfjs_steps(const json& topology, const std::vector<SourceTensor>& tensors) {
  TopologySteps steps(tensors);
  // Converted from Keras the model stands in "model_config", saved by TensorFlow.js at the top.
  const json* model = member(topology, "model_config");
  const json* config = member(model != nullptr ? *model : topology, "config");
  if (config != nullptr) {
    steps.add_model(*config, 1);
  }
  return steps.take();
}

}  // namespace gramgrad::converter
