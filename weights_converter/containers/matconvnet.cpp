// From MatConvNet's structures to layers.
#include "weights_converter/containers/matconvnet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/containers/mat_file.h"
#include "weights_converter/containers/vgg_chain.h"

namespace gramgrad::converter {
namespace {

// MATLAB drops trailing ones; the shape with four dimensions [o, i, w, h] again.
std::vector<std::int64_t> filter_shape(const SourceTensor& filters) {
  std::vector<std::int64_t> shape = filters.shape;
  if (shape.size() < 4) {
    shape.insert(shape.begin(), 4 - shape.size(), 1);
  }
  return shape;
}

// Filters [o, i, w, h] that cover their whole input, as a matrix [o, i · h · w].
SourceTensor as_matrix(const SourceTensor& filters, std::int64_t width, std::int64_t height) {
  SourceTensor matrix = filters;
  const std::int64_t outputs = filter_shape(filters)[0];
  matrix.shape = {outputs, filters.element_count() / outputs};
  if (width == 1 || height == 1) {
    return matrix;
  }
  matrix.read = [read = filters.read, width, height](std::int64_t first, std::span<float> out) {
    check(first >= 0, "element {} was asked of a matrix", first);
    // Whole planes are fetched, of which the first and the last are perhaps used in part.
    const std::int64_t plane = width * height;
    const std::int64_t begin = first / plane * plane;
    const std::int64_t end = (first + std::ssize(out) + plane - 1) / plane * plane;
    std::vector<float> planes(static_cast<std::size_t>(end - begin));
    read(begin, planes);
    for (std::int64_t i = 0; i < std::ssize(out); ++i) {
      const std::int64_t at = first + i - begin;
      const std::int64_t row = at % plane / width;
      const std::int64_t column = at % width;
      out[static_cast<std::size_t>(i)] =
          planes[static_cast<std::size_t>(at / plane * plane + column * height + row)];
    }
  };
  return matrix;
}

class Network {
 public:
  explicit Network(const MatValue& layers) {
    int number = 0;
    for (const MatValuePtr& layer : layers.cells()) {
      ++number;
      if (layer != nullptr) {
        add_layer(*layer, fmt::format("layers{{{}}}", number));
      }
    }
    take_vgg_chain(candidates_, source);
  }

  Source source;

 private:
  // Index of the added tensor; none if `array` holds no floating-point numbers.
  std::optional<std::size_t> add_tensor(const MatValuePtr& array, const std::string& name) {
    auto tensor = array == nullptr ? std::nullopt : array->tensor(name);
    if (!tensor) {
      return std::nullopt;
    }
    const bool usable = tensor->read != nullptr && tensor->element_count() > 0;
    source.tensors.push_back(std::move(*tensor));
    return usable ? std::optional(source.tensors.size() - 1) : std::nullopt;
  }

  void add_layer(const MatValue& layer, const std::string& where) {
    std::vector<std::optional<std::size_t>> arrays;
    if (const MatValuePtr weights = layer.field("weights")) {
      int number = 0;
      for (const MatValuePtr& cell : weights->cells()) {
        arrays.push_back(add_tensor(cell, fmt::format("{}.weights{{{}}}", where, ++number)));
      }
    }
    for (const char* name : {"filters", "biases"}) {
      if (const MatValuePtr array = layer.field(name)) {
        arrays.push_back(add_tensor(array, fmt::format("{}.{}", where, name)));
      }
    }
    const std::string type = text_field(layer, "type");
    if (arrays.empty() || !arrays[0] || (!type.empty() && type != "conv")) {
      return;
    }
    const std::string name = text_field(layer, "name");
    add_candidate(name.empty() ? where : name, *arrays[0],
                  arrays.size() > 1 ? arrays[1] : std::nullopt);
  }

  static std::string text_field(const MatValue& layer, const char* name) {
    const MatValuePtr field = layer.field(name);
    return field == nullptr ? "" : field->text();
  }

  void add_candidate(std::string name, std::size_t weight, std::optional<std::size_t> bias) {
    const auto shape = filter_shape(source.tensors[weight]);
    if (shape.size() != 4) {
      return;
    }
    CandidateLayer candidate{
        {LayerKind::conv, std::move(name), WeightLayout::oiwh, weight, bias, std::nullopt},
        shape[3],
        shape[2],
        shape[1],
        shape[0]};
    if (bias) {  // MATLAB has no vectors: [1, o] or [o, 1]
      SourceTensor& tensor = source.tensors[*bias];
      tensor.shape = {tensor.element_count()};
    }
    if (shape[2] != 3 || shape[3] != 3) {
      SourceTensor& filters = source.tensors[weight];
      filters = as_matrix(filters, shape[2], shape[3]);
      candidate.layer.kind = LayerKind::linear;
      candidate.layer.layout = WeightLayout::oi;
      candidate.inputs = filters.shape[1];
    } else {
      source.tensors[weight].shape = shape;
    }
    candidates_.push_back(std::move(candidate));
  }

  std::vector<CandidateLayer> candidates_;
};

// The mean of each channel of `image`, [3, w, h] or [3, 1, 1]; nothing if it is no such picture.
std::optional<std::array<double, 3>> channel_means(const SourceTensor& image) {
  if (image.read == nullptr || image.shape.size() != 3 || image.shape[0] != 3 ||
      image.element_count() == 0) {
    return std::nullopt;
  }
  const std::vector<float> values = read_all(image);
  const std::size_t pixels = values.size() / 3;
  std::array<double, 3> means{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    means[i / pixels] += values[i];
  }
  for (double& mean : means) {
    mean /= static_cast<double>(pixels);
  }
  return means;
}

// From a file's `normalization`; its tensor is added to `source` for all to see.
std::optional<std::array<double, 3>> average_image(const InputFilePtr& file, Source& source) {
  for (const std::string place : {"meta.normalization", "normalization"}) {
    const bool in_meta = place.starts_with("meta");
    MatValuePtr normalization = open_mat(file, in_meta ? "meta" : "normalization");
    if (in_meta && normalization != nullptr) {
      normalization = normalization->field("normalization");
    }
    const MatValuePtr image =
        normalization == nullptr ? nullptr : normalization->field("averageImage");
    auto tensor = image == nullptr ? std::nullopt : image->tensor(place + ".averageImage");
    if (tensor) {
      source.tensors.push_back(std::move(*tensor));
      return channel_means(source.tensors.back());
    }
  }
  return std::nullopt;
}

void add_feeding(const InputFilePtr& file, Source& source) {
  const auto means = average_image(file, source);
  const std::array<double, 3> vgg = {123.68, 116.779, 103.939};
  const auto& mean = means ? *means : vgg;
  source.feeding = nn::Feeding{nn::ChannelOrder::rgb, 255, mean, {1, 1, 1}};
  source.notes.push_back(fmt::format("fed as MatConvNet does: RGB, 0 to 255, minus {:.6g}: {}",
                                     fmt::join(mean, ", "),
                                     means ? "the file's averageImage" : "VGG's mean"));
}

}  // namespace

bool is_matconvnet(std::span<const std::byte> file) {
  return is_mat_file(file);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): all readers are of one type.
Source read_matconvnet(InputFilePtr file) {
  MatValuePtr layers = open_mat(file, "layers");
  if (layers == nullptr) {
    const MatValuePtr net = open_mat(file, "net");
    layers = net == nullptr ? nullptr : net->field("layers");
  }
  check(layers != nullptr,
        "{}: is a MATLAB file without `layers`; a network of MatConvNet's SimpleNN is needed",
        file->path);
  Network network(*layers);
  network.source.format = "matconvnet";
  if (!network.source.layers.empty()) {
    add_feeding(file, network.source);
  }
  return std::move(network.source);
}

}  // namespace gramgrad::converter
