// Puts manifest and topology of a TensorFlow.js layers model together.
#include "weights_converter/graphs/tfjs.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/graphs/json_access.h"
#include "weights_converter/graphs/tfjs_topology.h"
#include "weights_converter/graphs/tfjs_weights.h"
#include "weights_converter/graphs/vgg_walk.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

using nlohmann::json;

bool is_quantised(const json& manifest) {
  for (const json& group : manifest) {
    for (const json& weight : group.at("weights")) {
      if (member(weight, "quantization") != nullptr) {
        return true;
      }
    }
  }
  return false;
}

Source read_model(const InputFile& file) {
  const json model = parse_json(file.bytes());
  const json* manifest = member(model, "weightsManifest");
  check(manifest != nullptr, "lacks \"weightsManifest\"");
  Source source;
  source.format = "tfjs";
  read_tfjs_weights(file, *manifest, source);
  source.flatten = FlattenOrder::hwc;
  if (is_quantised(*manifest)) {  // read_tfjs_weights has checked its form
    source.notes.emplace_back("the weights are quantised: features differ from the original's");
  }
  const json* topology = member(model, "modelTopology");
  if (topology == nullptr || member(*topology, "node") != nullptr) {
    source.notes.emplace_back(
        "the model is no layers model of Keras, so which layers it has is not known");
    return source;
  }
  Walk walk = find_vgg(tfjs_steps(*topology, source.tensors), {"0"});
  source.layers = std::move(walk.layers);
  source.notes.insert(source.notes.end(), walk.notes.begin(), walk.notes.end());
  if (!source.layers.empty()) {
    source.feeding = caffe_feeding();
    source.notes.emplace_back("taken to be fed as Caffe's networks: the model comes from Keras");
  }
  return source;
}

}  // namespace

bool is_tfjs(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  // The topology, which may come before it, takes some kilobytes; 16 MiB are far more.
  constexpr std::size_t searched = std::size_t{16} << 20;
  return first != std::string_view::npos && text[first] == '{' &&
         text.substr(0, searched).find("\"weightsManifest\"") != std::string_view::npos;
}

Source read_tfjs(InputFilePtr file) {
  return with_path(file->path, [&] { return read_model(*file); });
}

}  // namespace gramgrad::converter
