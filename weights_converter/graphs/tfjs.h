// Reads TensorFlow.js layers models: a file model.json, and beside it the files ("shards") that it
// names, which hold the numbers. Keras' VGGs are published so.
#pragma once

#include <cstddef>
#include <span>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Whether the file is JSON with a list of weights of TensorFlow.js.
bool is_tfjs(std::span<const std::byte> file);

// `file` is model.json; the shards are opened in the same folder. Tensors: those of the manifest,
// quantised ones as the numbers they stand for; layers: those of the topology in its order. Throws
// Error if the file is damaged, a shard is missing or its size does not fit.
Source read_tfjs(InputFilePtr file);

}  // namespace gramgrad::converter
