// The numbers of a TensorFlow.js model: the manifest in model.json and the shards beside it.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Adds the tensors of `manifest` ("weightsManifest") to `source`, and its shards, which lie in the
// folder of `file`. Throws Error if the manifest makes no sense, or the shards do not have just the
// bytes it describes.
void read_tfjs_weights(const InputFile& file, const nlohmann::json& manifest, Source& source);

}  // namespace gramgrad::converter
