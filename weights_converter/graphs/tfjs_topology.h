// The layers of a Keras model, as TensorFlow.js keeps them ("modelTopology").
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "weights_converter/graphs/vgg_walk.h"

namespace gramgrad::converter {

// One chain of steps, from the value "0" on, in the order of the list of layers, which Keras keeps
// in the order in which they can be computed; models inside the model are taken as their layers.
// Throws Error if they are nested too deeply.
std::vector<Step> tfjs_steps(const nlohmann::json& topology,
                             const std::vector<SourceTensor>& tensors);

}  // namespace gramgrad::converter
