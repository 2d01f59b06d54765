// What a weights file of somebody else's format holds, before anything is converted: its arrays,
// and which of them make the layers of the network in the order in which a picture passes through
// them. Each format has a reader that makes a `Source` of a file (open_source.h finds the right
// one).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nn/mapped_file.h"
#include "nn/weights_format.h"

namespace gramgrad::converter {

// A file to be read, mapped. Readers keep it alive through the closures of their tensors.
struct InputFile {
  std::string path;  // as the user gave it, for messages
  nn::MappedFile mapping;

  std::span<const std::byte> bytes() const { return mapping.bytes(); }
};
using InputFilePtr = std::shared_ptr<const InputFile>;

// Throws Error, beginning with the path, if it names no readable regular file.
InputFilePtr open_input(const std::string& path);

// `other` stands for whatever is no floating-point number (counters, text): shown, never converted.
enum class ElementType { f16, bf16, f32, f64, other };

// Bytes of one element; 0 for `other`.
std::size_t size_of(ElementType type);

struct SourceTensor {
  std::string name;  // as the file calls it
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape;  // each ≥ 0, the product fits 63 bits; empty for one number

  // Writes elements [first, first + out.size()) of the row-major order of `shape` to `out`; f64 is
  // rounded to nearest. Throws Error if the file is damaged there. Empty for `other`.
  std::function<void(std::int64_t first, std::span<float> out)> read;

  std::int64_t element_count() const;
};

// A little-endian, row-major tensor that lies in `file` as it is. Throws Error unless `bytes` is
// just as long as type and shape say.
SourceTensor mapped_tensor(InputFilePtr file, std::string name, ElementType type,
                           std::vector<std::int64_t> shape, std::span<const std::byte> bytes);

// All elements.
std::vector<float> read_all(const SourceTensor& tensor);

// Order of the dimensions of a layer's weights. Convolutions: o output channel, i input channel,
// h kernel row, w kernel column. Fully connected: o output, i input.
enum class WeightLayout { oihw, hwio, ohwi, oiwh, oi, io };

// What convolution layers normalise with before their ReLU; indices into Source::tensors.
// y = gamma · (x − mean) / sqrt(variance + epsilon) + beta.
struct BatchNorm {
  std::size_t gamma = 0;
  std::size_t beta = 0;
  std::size_t mean = 0;
  std::size_t variance = 0;
  double epsilon = 1e-5;
};

enum class LayerKind { conv, linear };

struct SourceLayer {
  LayerKind kind = LayerKind::conv;
  std::string name;  // for messages, such as "features.0"
  WeightLayout layout = WeightLayout::oihw;
  std::size_t weight = 0;  // index into Source::tensors
  std::optional<std::size_t> bias;
  std::optional<BatchNorm> batch_norm;
};

// How the first fully connected layer counts its inputs [channel, row, column].
enum class FlattenOrder { chw, hwc };

struct Source {
  std::string format;                 // such as "onnx"; goes into the provenance
  std::vector<InputFilePtr> shards;   // further files it consists of, in the order it names them
  std::vector<SourceTensor> tensors;  // all of them, in the order of the file
  std::vector<SourceLayer> layers;    // convolutions, then fully connected ones, in network order
  FlattenOrder flatten = FlattenOrder::chw;
  // How the network wants to be fed, as far as format and names tell; the reason in `notes`.
  std::optional<nn::Feeding> feeding;
  std::vector<std::string> notes;  // what the user should know, one line each
};

// The two ways in which public VGG weights are fed.
nn::Feeding torchvision_feeding();  // RGB, 0 to 1, mean and deviation of ImageNet
nn::Feeding caffe_feeding();        // BGR, 0 to 255, mean (103.939, 116.779, 123.68)

}  // namespace gramgrad::converter
