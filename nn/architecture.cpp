// The table of VGG networks and the check of a file against it.
#include "nn/architecture.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "kernels/check.h"

namespace gramgrad::nn {
namespace {

constexpr std::array table = {
    Architecture{"vgg11", {1, 1, 2, 2, 2}},
    Architecture{"vgg13", {2, 2, 2, 2, 2}},
    Architecture{"vgg16", {2, 2, 3, 3, 3}},
    Architecture{"vgg19", {2, 2, 4, 4, 4}},
};

std::vector<ConvLayer> layers_of(const Architecture& architecture) {
  std::vector<ConvLayer> layers;
  for (int block = 1; block <= 5; ++block) {
    for (int index = 1; index <= architecture.convs[static_cast<std::size_t>(block - 1)]; ++index) {
      ConvLayer layer;
      layer.name = fmt::format("conv{}_{}", block, index);
      layer.block = block;
      layer.index = index;
      layers.push_back(std::move(layer));
    }
  }
  return layers;
}

const TensorView* tensor_at(const WeightsFile& file, std::size_t position,
                            const std::string& expected) {
  const auto& tensors = file.tensors();
  check(position < tensors.size(), "{}: lacks tensor {}; convert the source again", file.name(),
        expected);
  check(tensors[position].name == expected, "{}: has tensor {} where {} of {} should be",
        file.name(), tensors[position].name, expected, file.architecture());
  return &tensors[position];
}

void connect(ConvLayer& layer, std::int64_t in_channels, const std::string& file_name) {
  const auto& shape = layer.weight->shape;
  check(shape.size() == 4 && shape[1] == 3 && shape[2] == 3,
        "{}: tensor {} has shape [{}]; 3×3 convolutions have [out, 3, 3, in]", file_name,
        layer.weight->name, fmt::join(shape, ", "));
  check(shape[3] == in_channels, "{}: tensor {} takes {} channels, but {} come to it", file_name,
        layer.weight->name, shape[3], in_channels);
  check(layer.bias->shape == std::vector<std::int64_t>{shape[0]},
        "{}: tensor {} has shape [{}]; the layer has {} channels", file_name, layer.bias->name,
        fmt::join(layer.bias->shape, ", "), shape[0]);
  layer.in_channels = in_channels;
  layer.out_channels = shape[0];
}

// The position of the first tensor that belongs to the classifier.
std::size_t classifier_start(const WeightsFile& file) {
  const auto& tensors = file.tensors();
  const auto found = std::find_if(tensors.begin(), tensors.end(), [](const TensorView& tensor) {
    return tensor.name.starts_with("fc");
  });
  return static_cast<std::size_t>(found - tensors.begin());
}

// The classifier, checked against the `channels` that come to it.
std::vector<ClassifierLayer> classifier_after(const WeightsFile& file, std::int64_t channels) {
  const std::size_t start = classifier_start(file);
  std::vector<ClassifierLayer> layers;
  if (start == file.tensors().size()) {
    return layers;
  }
  for (const char* name : {"fc6", "fc7", "fc8"}) {
    const std::size_t position = start + 2 * layers.size();
    ClassifierLayer layer{name, tensor_at(file, position, fmt::format("{}.weight", name)),
                          tensor_at(file, position + 1, fmt::format("{}.bias", name))};
    const auto& shape = layer.weight->shape;
    check(shape.size() == 4 && shape[3] == channels && shape[1] == shape[2] &&
              (layers.empty() || shape[1] == 1),
          "{}: tensor {} has shape [{}]; [out, {}] is needed", file.name(), layer.weight->name,
          fmt::join(shape, ", "),
          fmt::format("{}, {}", layers.empty() ? "side, side" : "1, 1", channels));
    check(layer.bias->shape == std::vector<std::int64_t>{shape[0]},
          "{}: tensor {} has shape [{}]; the layer has {} outputs", file.name(), layer.bias->name,
          fmt::join(layer.bias->shape, ", "), shape[0]);
    channels = shape[0];
    layers.push_back(std::move(layer));
  }
  check(start + 2 * layers.size() == file.tensors().size(), "{}: has tensors after fc8",
        file.name());
  return layers;
}

}  // namespace

std::span<const Architecture> architectures() {
  return table;
}

const Architecture& find_architecture(std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Architecture& a) { return a.name == name; });
  if (found == table.end()) {
    std::vector<std::string_view> names;
    names.reserve(table.size());
    for (const Architecture& architecture : table) {
      names.push_back(architecture.name);
    }
    fail("architecture \"{}\" is not known; there are {}", name, fmt::join(names, ", "));
  }
  return *found;
}

std::vector<std::string> conv_names(const Architecture& architecture, std::string_view last) {
  std::vector<std::string> names;
  for (const ConvLayer& layer : layers_of(architecture)) {
    names.push_back(layer.name);
    if (layer.name == last) {
      return names;
    }
  }
  check(last.empty(), "{} has no convolution \"{}\"; they are {}", architecture.name, last,
        fmt::join(names, ", "));
  return names;
}

std::vector<ConvLayer> conv_layers(const WeightsFile& file) {
  std::vector<ConvLayer> layers;
  try {
    layers = layers_of(find_architecture(file.architecture()));
  } catch (const Error& error) {
    fail("{}: {}", file.name(), error.what());
  }
  const std::size_t present = (classifier_start(file) + 1) / 2;
  check(present <= layers.size(), "{}: has {} tensors; {} has {}", file.name(),
        file.tensors().size(), file.architecture(), 2 * layers.size());
  const bool complete = present == layers.size();
  layers.resize(present);
  std::int64_t channels = 3;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i].weight = tensor_at(file, 2 * i, layers[i].name + ".weight");
    layers[i].bias = tensor_at(file, 2 * i + 1, layers[i].name + ".bias");
    connect(layers[i], channels, file.name());
    channels = layers[i].out_channels;
  }
  check(complete || classifier_start(file) == file.tensors().size(),
        "{}: has a classifier after {}, where {} does not end", file.name(),
        layers.empty() ? "nothing" : layers.back().name, file.architecture());
  classifier_after(file, channels);
  return layers;
}

std::vector<ClassifierLayer> classifier_layers(const WeightsFile& file) {
  return classifier_after(file, conv_layers(file).back().out_channels);
}

}  // namespace gramgrad::nn
