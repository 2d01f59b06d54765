// Reads networks from Caffe's .caffemodel files (BVLC/caffe, src/caffe/proto/caffe.proto): those of
// the Visual Geometry Group, neural-style's, and whatever is built like them.
#pragma once

#include <cstddef>
#include <span>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Whether the file begins as a NetParameter message with layers does, cut short or not.
bool is_caffe(std::span<const std::byte> file);

// Tensors: all blobs, as "layer.weight", "layer.bias" or, of other layers, "layer.0", …; layers:
// those of the longest VGG in the net. Throws Error if the file is damaged.
Source read_caffe(InputFilePtr file);

}  // namespace gramgrad::converter
