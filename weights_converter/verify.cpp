// Verification of weights files.
#include "weights_converter/verify.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "kernels/check.h"
#include "nn/weights_file.h"
#include "weights_converter/golden.h"
#include "weights_converter/known_sources.h"
#include "weights_converter/memory_limit.h"
#include "weights_converter/open_source.h"
#include "weights_converter/plan.h"
#include "weights_converter/statistics.h"

namespace gramgrad::converter {
namespace {

nn::TensorStream stream_of(const nn::TensorView& tensor) {
  return {tensor.name, tensor.dtype, tensor.shape,
          [data = tensor.data](const nn::ByteSink& sink) { sink(data); }};
}

void add_layer(const std::string& name, const nn::TensorView& weight, const nn::TensorView& bias,
               Verification& result) {
  const Statistics w = statistics_of(stream_of(weight));
  const Statistics b = statistics_of(stream_of(bias));
  result.lines.push_back(
      fmt::format("  {:<9}weights norm {:<9.4g} mean {:<11.3g} from {:.3g} to {:.3g}; biases norm "
                  "{:.4g}",
                  name, w.norm, w.mean, w.least, w.most, b.norm));
  if (w.dead > 0) {
    result.notes.push_back(
        fmt::format("{}: {} of {} filters are all zero", name, w.dead, weight.shape[0]));
  }
}

std::vector<StoredLayer> stored_layers(const nn::WeightsFile& file) {
  std::vector<StoredLayer> layers;
  for (const nn::ConvLayer& conv : nn::conv_layers(file)) {
    layers.push_back({conv.name,
                      {conv.out_channels, conv.in_channels, 3, 3},
                      stream_of(*conv.weight),
                      stream_of(*conv.bias)});
  }
  return layers;
}

void check_golden(const nn::WeightsFile& file, const Device& device, Verification& result) {
  const nn::Provenance& from = file.provenance();
  const nn::Golden* golden =
      from.golden ? &*from.golden : known_golden(from.source_sha256, file.tensors().front().dtype);
  if (golden == nullptr) {
    result.notes.emplace_back(
        "it has no golden activations; convert its source again to have them");
    return;
  }
  const std::vector<WalkLayer> layers = walk_layers(file);
  const nn::Golden found = activations_on(device, layers, file.feeding());
  const std::string difference = golden_difference(*golden, found, device, layers);
  check(difference.empty(), "on {}, {}; the weights or the device are not in order", device.name(),
        difference);
  result.lines.push_back(fmt::format("golden activations of {} layers come out on {} ({})",
                                     std::min(layers.size(), golden->activations.size()),
                                     device.name(),
                                     from.golden ? "stored in the file" : "known to the program"));
}

// The options that made the file, as far as it tells.
ConvertOptions options_of(const nn::WeightsFile& file, ConvertOptions options) {
  options.dtype = file.tensors().front().dtype;
  options.architecture = file.architecture();
  options.feeding = file.feeding();
  options.upto = nn::conv_layers(file).back().name;
  options.with_classifier = !nn::classifier_layers(file).empty();
  return options;
}

void compare(const nn::TensorView& stored, const nn::TensorStream& again) {
  check(stored.name == again.name && stored.shape == again.shape && stored.dtype == again.dtype,
        "tensor {} has another shape or type than {} converted again", stored.name, again.name);
  std::size_t position = 0;
  bool same = true;
  again.produce([&](std::span<const std::byte> piece) {
    same = same && position + piece.size() <= stored.data.size() &&
           std::memcmp(stored.data.data() + position, piece.data(), piece.size()) == 0;
    position += piece.size();
  });
  check(same && position == stored.data.size(), "tensor {} is not what the source gives",
        stored.name);
}

// Throws Error unless converting `input` gives what is in `file`, bit for bit.
void compare_all(const nn::WeightsFile& file, const std::string& path, const InputFilePtr& input,
                 const ConvertOptions& options) {
  const Source source = open_source(input);
  const Plan plan = make_plan(input, source, options_of(file, options));
  check(plan.sha256 == file.provenance().source_sha256,
        "{}: was made of another file: its source has the SHA-256 {}, {} has {}", path,
        file.provenance().source_sha256, input->path, plan.sha256);
  const std::vector<StoredLayer> layers = stored_layers(input, source, plan);
  const std::vector<nn::TensorStream> streams = streams_of(layers);
  check(streams.size() == file.tensors().size(), "{}: has {} tensors; {} gives {}", path,
        file.tensors().size(), input->path, streams.size());
  try {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      compare(file.tensors()[i], streams[i]);
    }
  } catch (const Error& error) {
    fail("{}: {}", path, error.what());
  }
}

}  // namespace

Verification verify(const std::string& path, const Device& device) {
  const nn::WeightsFile file = nn::WeightsFile::open(path);
  Verification result;
  const std::vector<nn::ConvLayer> convs = nn::conv_layers(file);
  const std::vector<nn::ClassifierLayer> classifier = nn::classifier_layers(file);
  result.lines.push_back(fmt::format("{}: checksums, shapes and numbers of {} tensors are in order",
                                     path, file.tensors().size()));
  result.lines.push_back(fmt::format("SHA-256 {}", file.sha256()));
  for (const nn::ConvLayer& conv : convs) {
    add_layer(conv.name, *conv.weight, *conv.bias, result);
  }
  for (const nn::ClassifierLayer& layer : classifier) {
    add_layer(layer.name, *layer.weight, *layer.bias, result);
  }
  const KnownSource* known = find_known_source(file.provenance().source_sha256);
  if (file.architecture() == "vgg16") {
    const std::string difference = difference_from_published_vgg16("vgg16", stored_layers(file));
    if (difference.empty()) {
      result.lines.emplace_back("its norms are those of the published VGG16");
    } else if (known == nullptr || !known->warning.empty()) {
      result.notes.push_back(fmt::format("it is not the published VGG16: {}", difference));
    }
  }
  try {
    check_golden(file, device, result);
  } catch (const Error& error) {
    fail("{}: {}", path, error.what());
  }
  return result;
}

std::string verify_against(const std::string& path, const std::string& against,
                           const ConvertOptions& options) {
  const nn::WeightsFile file = nn::WeightsFile::open(path);
  const InputFilePtr input = open_input(against);
  with_reading_memory(*input, [&] { compare_all(file, path, input, options); });
  return fmt::format("all {} tensors are what {} gives, bit for bit", file.tensors().size(),
                     against);
}

}  // namespace gramgrad::converter
