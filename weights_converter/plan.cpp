// Deciding what to convert.
#include "weights_converter/plan.h"

#include <algorithm>
#include <cmath>

#include "kernels/check.h"
#include "nn/sha256.h"
#include "nn/tap.h"

namespace gramgrad::converter {
namespace {

bool is_conv(const StoredLayer& layer) {
  return layer.name.starts_with("conv");
}

// Cuts the plan's convolutions off after `upto`.
void cut(Plan& plan, const std::string& upto) {
  if (upto.empty()) {
    return;
  }
  const nn::Tap tap = nn::find_tap(plan.architecture, upto);
  const std::string last = fmt::format("conv{}_{}", tap.block, tap.index);
  const auto found = std::find(plan.convs.begin(), plan.convs.end(), last);
  check(found != plan.convs.end(), "ends after {}, before --upto {}", plan.convs.back(), upto);
  plan.dropped.assign(found + 1, plan.convs.end());
  plan.convs.erase(found + 1, plan.convs.end());
}

void take_classifier(const Source& source, const Recognised& network, Plan& plan) {
  const std::vector<std::string> all = nn::conv_names(plan.architecture, "");
  check(plan.convs.size() == all.size(),
        "--with-classifier needs all convolutions up to {}; leave out --upto", all.back());
  check(network.linear.size() == 3,
        "has no classifier of VGG, which are three fully connected layers; it has {}",
        network.linear.size());
  plan.classifier = network.linear;
  const LayerShape last = shape_of(source, source.layers[plan.convs.size() - 1]);
  const LayerShape first = shape_of(source, source.layers[network.linear.front()]);
  const std::int64_t area = first.in / last.out;
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(area))));
  check(side > 0 && side * side * last.out == first.in,
        "layer {} has {} inputs, which are no square map of {} channels",
        source.layers[network.linear.front()].name, first.in, last.out);
}

// The narrowest type that holds all weights taken as they are.
DType widest(const Source& source, const Plan& plan) {
  std::vector<ElementType> types;
  const auto add = [&](std::size_t layer) {
    types.push_back(source.tensors.at(source.layers[layer].weight).type);
  };
  for (std::size_t i = 0; i < plan.convs.size(); ++i) {
    add(i);
  }
  std::for_each(plan.classifier.begin(), plan.classifier.end(), add);
  const bool same = std::all_of(types.begin(), types.end(),
                                [&](ElementType type) { return type == types.front(); });
  if (same && types.front() == ElementType::f64) {
    return DType::f64;
  }
  return same && types.front() == ElementType::f16    ? DType::f16
         : same && types.front() == ElementType::bf16 ? DType::bf16
                                                      : DType::f32;
}

DType chosen_dtype(const Source& source, const ConvertOptions& options, const Plan& plan) {
  if (options.dtype) {
    return *options.dtype;
  }
  const bool computed =
      !options.normalize_with.empty() ||
      std::any_of(source.layers.begin(), source.layers.end(),
                  [](const SourceLayer& layer) { return layer.batch_norm.has_value(); });
  return computed || plan.source_dtype == DType::f64 ? DType::f32 : plan.source_dtype;
}

nn::Feeding chosen_feeding(const Source& source, const ConvertOptions& options, const Plan& plan) {
  if (options.feeding) {
    return *options.feeding;
  }
  if (plan.known != nullptr && plan.known->feeding) {
    return *plan.known->feeding;
  }
  check(source.feeding.has_value(),
        "does not say how the network wants to be fed; say --feeding torchvision (RGB, 0 to 1) or "
        "--feeding caffe (BGR, 0 to 255; also Keras)");
  return *source.feeding;
}

// Of the file and, after it, its shards. Pages that were hashed are given back, so that a large
// file does not seem to need memory.
std::string sha256_of(const InputFilePtr& file, const Source& source) {
  constexpr std::size_t piece = std::size_t{16} << 20;
  nn::Sha256 hash;
  const auto add = [&](const InputFile& part) {
    for (auto rest = part.bytes(); !rest.empty();
         rest = rest.subspan(std::min(piece, rest.size()))) {
      hash.update(rest.first(std::min(piece, rest.size())));
      part.mapping.release();
    }
  };
  add(*file);
  for (const InputFilePtr& shard : source.shards) {
    add(*shard);
  }
  return hash.hex();
}

Plan decide(const InputFilePtr& file, const Source& source, const ConvertOptions& options) {
  const Recognised network = recognise(source, options.architecture);
  Plan plan;
  plan.architecture = network.architecture;
  plan.convs = network.convs;
  plan.notes = source.notes;
  plan.notes.insert(plan.notes.end(), network.notes.begin(), network.notes.end());
  cut(plan, options.upto);
  if (options.with_classifier) {
    take_classifier(source, network, plan);
  }
  plan.drops_head = !network.linear.empty() && !options.with_classifier;
  plan.source_dtype = widest(source, plan);
  plan.dtype = chosen_dtype(source, options, plan);
  plan.sha256 = sha256_of(file, source);
  plan.known = find_known_source(plan.sha256);
  plan.feeding = chosen_feeding(source, options, plan);
  return plan;
}

}  // namespace

Plan make_plan(const InputFilePtr& file, const Source& source, const ConvertOptions& options) {
  try {
    return decide(file, source, options);
  } catch (const Error& error) {
    fail("{}: {}", file->path, error.what());
  }
}

std::vector<StoredLayer> stored_layers(const InputFilePtr& file, const Source& source,
                                       const Plan& plan,
                                       const std::vector<ChannelFactors>& factors) {
  std::vector<StoredLayer> layers;
  const auto add = [&](std::size_t position, const std::string& name, const LayerShape& as) {
    layers.push_back(stored_layer(file, source, source.layers[position], name, as, plan.dtype,
                                  factors.empty() ? ChannelFactors{} : factors.at(layers.size())));
  };
  for (std::size_t i = 0; i < plan.convs.size(); ++i) {
    add(i, plan.convs[i], shape_of(source, source.layers[i]));
  }
  for (std::size_t i = 0; i < plan.classifier.size(); ++i) {
    LayerShape shape = shape_of(source, source.layers[plan.classifier[i]]);
    const std::int64_t channels = layers.back().shape.out;
    if (is_conv(layers.back())) {
      const std::int64_t area = shape.in / channels;
      shape.rows = shape.columns = std::lround(std::sqrt(static_cast<double>(area)));
      shape.in = channels;
    }
    check(shape.in == channels, "{}: layer {} has {} inputs, but {} come to it", file->path,
          source.layers[plan.classifier[i]].name, shape.in, channels);
    add(plan.classifier[i], fmt::format("fc{}", 6 + i), shape);
  }
  return layers;
}

std::vector<nn::TensorStream> streams_of(const std::vector<StoredLayer>& layers) {
  std::vector<nn::TensorStream> streams;
  for (const StoredLayer& layer : layers) {
    streams.push_back(layer.weight);
    streams.push_back(layer.bias);
  }
  return streams;
}

}  // namespace gramgrad::converter
