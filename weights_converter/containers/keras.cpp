// From the datasets of a Keras file to layers in network order.
#include "weights_converter/containers/keras.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/containers/hdf5_file.h"
#include "weights_converter/containers/natural_order.h"
#include "weights_converter/containers/vgg_chain.h"

namespace gramgrad::converter {
namespace {

constexpr std::array<unsigned char, 8> hdf5_magic = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(0, slash == std::string_view::npos ? 0 : slash);
}

// "block1/layers/conv2d/vars/0" is of layer block1/layers/conv2d, "model_weights/fc1/fc1/kernel:0"
// of fc1.
std::string layer_name(std::string_view path) {
  const std::string_view parent = parent_of(path);
  if (parent.ends_with("/vars")) {
    return std::string(parent_of(parent));
  }
  return std::string(parent.substr(parent.rfind('/') + 1));
}

// What the optimiser keeps has the shapes of the weights.
bool is_optimizer_state(std::string_view path) {
  return path.starts_with("optimizer_weights/") || path.starts_with("optimizer/");
}

// Where Keras 1 and 2 say that each dataset comes: path to position. Empty for Keras 3.
std::map<std::string, std::size_t, std::less<>> stated_order(const Hdf5File& file,
                                                             const std::string& base) {
  std::map<std::string, std::size_t, std::less<>> order;
  const std::string prefix = base.empty() ? "" : base + "/";
  for (const std::string& layer : file.texts(base, "layer_names")) {
    for (const std::string& weight : file.texts(prefix + layer, "weight_names")) {
      order.emplace(fmt::format("{}{}/{}", prefix, layer, weight), order.size());
    }
  }
  return order;
}

// Indices of tensors in network order; in a layer the kernel comes before the bias.
std::vector<std::size_t> network_order(
    const std::vector<SourceTensor>& tensors,
    const std::map<std::string, std::size_t, std::less<>>& stated) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto position = [&](const SourceTensor& tensor) {
    const auto found = stated.find(tensor.name);
    return found == stated.end() ? stated.size() : found->second;
  };
  std::ranges::stable_sort(order, [&](std::size_t left, std::size_t right) {
    const SourceTensor& a = tensors[left];
    const SourceTensor& b = tensors[right];
    if (position(a) != position(b)) {
      return position(a) < position(b);
    }
    if (parent_of(a.name) != parent_of(b.name)) {
      return natural_less(parent_of(a.name), parent_of(b.name));
    }
    return a.shape.size() > b.shape.size();
  });
  return order;
}

void check_not_theano(const InputFile& input, const Hdf5File& file, const std::string& base,
                      const std::vector<SourceTensor>& tensors) {
  for (const std::string& place : {std::string(), base}) {
    for (const std::string& backend : file.texts(place, "backend")) {
      check(backend != "theano",
            "{}: was saved by Keras on Theano, whose kernels are mirrored; load it in Keras on "
            "TensorFlow and save it again",
            input.path);
    }
  }
  for (const SourceTensor& tensor : tensors) {
    const auto& shape = tensor.shape;
    const bool theano = shape.size() == 4 && shape[2] == 3 && shape[3] == 3 && shape[0] != 3;
    check(!theano || tensor.type == ElementType::other,
          "{}: {} has the shape of Theano's kernels [out, in, 3, 3], which are mirrored; take the "
          "file for TensorFlow (tf_dim_ordering_tf_kernels)",
          input.path, tensor.name);
  }
}

bool is_running_variance(std::string_view path) {
  return path.find("moving_variance") != std::string_view::npos ||
         path.find("running_std") != std::string_view::npos ||
         (path.find("batch_normalization") != std::string_view::npos && path.ends_with("/vars/3"));
}

void check_not_normalised(const InputFile& input, const Source& source) {
  const auto normalised = std::ranges::count_if(source.tensors, [](const SourceTensor& tensor) {
    return !is_optimizer_state(tensor.name) && is_running_variance(tensor.name);
  });
  const auto convolutions = std::ranges::count_if(
      source.layers, [](const SourceLayer& layer) { return layer.kind == LayerKind::conv; });
  check(convolutions == 0 || normalised < convolutions,
        "{}: has batch normalisation, and Keras' weights do not say where; export the model to "
        "ONNX and convert that",
        input.path);
}

// Layers by their kernels, each with the bias that follows it.
std::vector<CandidateLayer> candidates_of(const std::vector<SourceTensor>& tensors,
                                          const std::vector<std::size_t>& order) {
  std::vector<CandidateLayer> layers;
  const SourceTensor* kernel = nullptr;
  for (const std::size_t index : order) {
    const SourceTensor& tensor = tensors[index];
    const auto& shape = tensor.shape;
    if (tensor.type == ElementType::other || is_optimizer_state(tensor.name)) {
      continue;
    }
    if (shape.size() == 1 && kernel != nullptr && !layers.back().layer.bias &&
        parent_of(kernel->name) == parent_of(tensor.name) && shape[0] == layers.back().outputs) {
      layers.back().layer.bias = index;
    }
    if (shape.size() != 4 && shape.size() != 2) {
      continue;
    }
    kernel = &tensor;
    CandidateLayer& added = layers.emplace_back();
    added.layer.name = layer_name(tensor.name);
    added.layer.weight = index;
    added.layer.kind = shape.size() == 4 ? LayerKind::conv : LayerKind::linear;
    added.layer.layout = shape.size() == 4 ? WeightLayout::hwio : WeightLayout::io;
    if (shape.size() == 4) {
      added.kernel_height = shape[0];
      added.kernel_width = shape[1];
    }
    added.inputs = shape[shape.size() - 2];
    added.outputs = shape.back();
  }
  return layers;
}

}  // namespace

bool is_keras(std::span<const std::byte> file) {
  return file.size() >= hdf5_magic.size() &&
         std::ranges::equal(file.first(hdf5_magic.size()), std::as_bytes(std::span(hdf5_magic)));
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): all readers are of one type.
Source read_keras(InputFilePtr file) {
  const Hdf5File hdf5(file);
  Source source;
  source.format = "keras-h5";
  source.flatten = FlattenOrder::hwc;
  for (const std::string& path : hdf5.dataset_paths()) {
    source.tensors.push_back(hdf5.dataset(path));
  }
  for (const std::string& link : hdf5.other_links()) {
    source.notes.push_back(fmt::format("{} is a link by name, which is not followed", link));
  }
  const std::string base =
      hdf5.texts("model_weights", "layer_names").empty() ? "" : "model_weights";
  check_not_theano(*file, hdf5, base, source.tensors);
  const auto order = network_order(source.tensors, stated_order(hdf5, base));
  take_vgg_chain(candidates_of(source.tensors, order), source);
  check_not_normalised(*file, source);
  if (!source.layers.empty()) {
    source.feeding = caffe_feeding();
    source.notes.emplace_back(
        "fed as Keras' preprocess_input does: BGR, 0 to 255, minus 103.939, 116.779, 123.68");
  }
  return source;
}

}  // namespace gramgrad::converter
