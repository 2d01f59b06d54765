// From an ONNX graph to the layers of a VGG, and how they want to be fed.
#include "weights_converter/graphs/onnx.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "weights_converter/graphs/onnx_model.h"
#include "weights_converter/graphs/onnx_steps.h"
#include "weights_converter/graphs/vgg_walk.h"
#include "weights_converter/graphs/wire.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

bool contains_any(std::string text, std::initializer_list<std::string_view> words) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// Keras and Caffe distribute the weights of the Visual Geometry Group, which want Caffe's feeding;
// everybody else trained anew, as torchvision did.
void set_feeding(const OnnxModel& model, const Walk& walk, Source& source) {
  const SourceLayer& first = source.layers.front();
  const std::string names = first.name + " " + source.tensors[first.weight].name;
  std::string why;
  if (contains_any(model.producer, {"keras", "tf2onnx", "caffe"})) {
    why = "the file was made by " + model.producer;
  } else if (contains_any(names, {"block1_conv1", "conv1_1"})) {
    why = "its first convolution is called as in Keras or Caffe";
  } else if (walk.fed_channels_last || first.layout == WeightLayout::hwio) {
    why = "it has TensorFlow's order of axes";
  }
  source.feeding = why.empty() ? torchvision_feeding() : caffe_feeding();
  source.notes.push_back(
      why.empty() ? "taken to be fed as torchvision's networks: nothing in the file says otherwise"
                  : "taken to be fed as Caffe's networks: " + why);
}

// Biases stored as [1, C, 1, 1] are vectors to everybody else.
void drop_unit_dimensions(Source& source, std::size_t index) {
  SourceTensor& tensor = source.tensors[index];
  tensor.shape = {tensor.element_count()};
}

void make_vectors(Source& source) {
  for (const SourceLayer& layer : source.layers) {
    if (layer.bias) {
      drop_unit_dimensions(source, *layer.bias);
    }
    if (layer.batch_norm) {
      for (const std::size_t index : {layer.batch_norm->gamma, layer.batch_norm->beta,
                                      layer.batch_norm->mean, layer.batch_norm->variance}) {
        drop_unit_dimensions(source, index);
      }
    }
  }
}

Source read_graph(const InputFilePtr& file) {
  OnnxModel model = parse_onnx(file);
  Walk walk = find_vgg(onnx_steps(model), model.inputs);
  Source source;
  source.format = "onnx";
  source.tensors = std::move(model.tensors);
  source.layers = std::move(walk.layers);
  source.flatten = walk.flatten;
  source.notes = std::move(walk.notes);
  make_vectors(source);
  if (!source.layers.empty()) {
    set_feeding(model, walk, source);
  }
  return source;
}

// Whether `message` begins as a field of type bytes with one of the numbers.
bool begins_with_field(std::span<const std::byte> message,
                       std::initializer_list<std::uint64_t> numbers) {
  WireField field;
  return take_field(message, field) && field.type == WireType::bytes &&
         std::find(numbers.begin(), numbers.end(), field.number) != numbers.end();
}

}  // namespace

bool is_onnx(std::span<const std::byte> file) {
  // ModelProto: ir_version (field 1, an integer) comes first in all files that exist, then texts
  // and opset_import (8), then the graph (7), which begins with a node, a name or a tensor.
  WireField field;
  if (!take_field(file, field) || field.number != 1 || field.type != WireType::varint ||
      field.varint == 0 || field.varint > 1000) {
    return false;
  }
  while (take_field(file, field)) {
    if (field.number == 7) {
      return field.type == WireType::bytes && begins_with_field(field.bytes, {1, 2, 5, 11});
    }
    const bool known =
        field.number <= 8 || field.number == 14 || field.number == 20 || field.number == 25;
    if (!known) {
      return false;
    }
  }
  // Cut short: the tag of the graph is all that can be told.
  return !file.empty() && file[0] == std::byte{7 << 3 | 2};
}

Source read_onnx(InputFilePtr file) {
  return with_path(file->path, [&] { return read_graph(file); });
}

}  // namespace gramgrad::converter
