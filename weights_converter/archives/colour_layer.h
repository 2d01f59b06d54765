// A 1×1 convolution before the first layer that brings the picture's channels into the order and
// range of the network: a way of feeding in the form of weights.
#pragma once

#include "nn/weights_format.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

// Of a picture of RGB from 0 to 1. Throws Error if the layer mixes channels, and then no feeding
// does the same.
nn::Feeding feeding_of_colours(const Source& source, const SourceLayer& layer);

}  // namespace gramgrad::converter
