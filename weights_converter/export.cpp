// Export, and what makes the way back exact.
#include "weights_converter/export.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "kernels/check.h"
#include "nn/architecture.h"
#include "nn/weights_file.h"
#include "weights_converter/archives/npz.h"
#include "weights_converter/archives/safetensors.h"

namespace gramgrad::converter {
namespace {

// Tensors with their bytes.
struct Exported {
  std::vector<nn::TensorView> views;
  std::vector<std::vector<std::byte>> storage;
};

void add(Exported& result, const std::string& name, DType dtype, std::vector<std::int64_t> shape,
         std::vector<std::byte> bytes) {
  result.storage.push_back(std::move(bytes));
  result.views.push_back({name, dtype, std::move(shape), result.storage.back()});
}

// [out, rows, columns, in] to [out, in, rows, columns].
std::vector<std::byte> channels_first(const nn::TensorView& weight) {
  const std::size_t width = size_of(weight.dtype);
  const auto out = static_cast<std::size_t>(weight.shape[0]);
  const auto area = static_cast<std::size_t>(weight.shape[1] * weight.shape[2]);
  const auto in = static_cast<std::size_t>(weight.shape[3]);
  std::vector<std::byte> bytes(weight.data.size());
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t tap = 0; tap < area; ++tap) {
      for (std::size_t i = 0; i < in; ++i) {
        std::memcpy(bytes.data() + ((o * in + i) * area + tap) * width,
                    weight.data.data() + ((o * area + tap) * in + i) * width, width);
      }
    }
  }
  return bytes;
}

void add_layer(Exported& result, const nn::TensorView& weight, const nn::TensorView& bias,
               bool linear) {
  const auto& s = weight.shape;
  add(result, weight.name, weight.dtype,
      linear ? std::vector<std::int64_t>{s[0], s[1] * s[2] * s[3]}
             : std::vector<std::int64_t>{s[0], s[3], s[1], s[2]},
      channels_first(weight));
  add(result, bias.name, bias.dtype, bias.shape, {bias.data.begin(), bias.data.end()});
}

void add_numbers(Exported& result, const std::string& name, const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  add(result, name, DType::f32, {static_cast<std::int64_t>(values.size())},
      {bytes.begin(), bytes.end()});
}

std::vector<float> to_floats(std::span<const double> values) {
  return {values.begin(), values.end()};
}

void add_feeding(Exported& result, const nn::Feeding& feeding) {
  add_numbers(result, "feeding.is_bgr",
              {feeding.channel_order == nn::ChannelOrder::bgr ? 1.F : 0.F});
  add_numbers(result, "feeding.scale", {static_cast<float>(feeding.scale)});
  add_numbers(result, "feeding.mean", to_floats(feeding.mean));
  add_numbers(result, "feeding.std", to_floats(feeding.std));
}

Exported exported(const nn::WeightsFile& file) {
  Exported result;
  const auto convs = nn::conv_layers(file);
  const auto classifier = nn::classifier_layers(file);
  for (const nn::ConvLayer& layer : convs) {
    add_layer(result, *layer.weight, *layer.bias, false);
  }
  for (const nn::ClassifierLayer& layer : classifier) {
    add_layer(result, *layer.weight, *layer.bias, true);
  }
  add_feeding(result, file.feeding());
  return result;
}

// The number that a person would have written: 103.939, of which f32 keeps 103.93900299072266.
double as_written(float value) {
  return std::stod(fmt::format("{}", value));
}

const SourceTensor* find(const Source& source, const std::string& name, std::int64_t count) {
  const auto found = std::find_if(source.tensors.begin(), source.tensors.end(),
                                  [&](const SourceTensor& t) { return t.name == name; });
  return found != source.tensors.end() && found->read && found->element_count() == count ? &*found
                                                                                         : nullptr;
}

}  // namespace

void export_weights(const std::string& path, const std::string& output) {
  const std::string extension = std::filesystem::path(output).extension().string();
  check(extension == ".safetensors" || extension == ".npz",
        "{}: weights are exported as .safetensors or .npz", output);
  const nn::WeightsFile file = nn::WeightsFile::open(path);
  const Exported result = exported(file);
  if (extension == ".npz") {
    return write_npz(output, result.views);
  }
  const nn::Provenance& from = file.provenance();
  write_safetensors(output, result.views,
                    {{"architecture", file.architecture()},
                     {"source", from.source},
                     {"source_sha256", from.source_sha256},
                     {"licence", from.licence},
                     {"attribution", from.attribution}});
}

void adopt_exported_feeding(Source& source) {
  const SourceTensor* order = find(source, "feeding.is_bgr", 1);
  const SourceTensor* scale = find(source, "feeding.scale", 1);
  const SourceTensor* mean = find(source, "feeding.mean", 3);
  const SourceTensor* deviation = find(source, "feeding.std", 3);
  if (order == nullptr || scale == nullptr || mean == nullptr || deviation == nullptr) {
    return;
  }
  nn::Feeding feeding;
  feeding.channel_order = read_all(*order)[0] != 0 ? nn::ChannelOrder::bgr : nn::ChannelOrder::rgb;
  feeding.scale = as_written(read_all(*scale)[0]);
  const std::vector<float> means = read_all(*mean);
  const std::vector<float> deviations = read_all(*deviation);
  std::transform(means.begin(), means.end(), feeding.mean.begin(), as_written);
  std::transform(deviations.begin(), deviations.end(), feeding.std.begin(), as_written);
  const auto sane = [](double v) { return v >= 1e-6 && v <= 1e6; };  // as FORMAT.md has it
  check(sane(feeding.scale) && std::all_of(feeding.std.begin(), feeding.std.end(), sane) &&
            std::all_of(feeding.mean.begin(), feeding.mean.end(),
                        [](double v) { return std::abs(v) <= 1e6; }),
        "its arrays feeding.scale, feeding.mean and feeding.std feed no network");
  source.feeding = feeding;
  source.notes = {"exported from a gramgrad weights file: fed as that was"};
}

}  // namespace gramgrad::converter
