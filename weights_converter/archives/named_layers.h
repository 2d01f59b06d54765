// Layers found by the names of tensors: for formats that hold a dictionary and no graph.
#pragma once

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Fills source.layers, flatten, feeding and notes from names and shapes of source.tensors.
//
// A layer is what shares a name but for its ending: "features.0.weight" and "features.0.bias". The
// layers of a network are those that share a name but for its numbers, in the order of the
// numbers: "features.0", "features.2", …, "features.34", or "conv1_1", "conv1_2", …. Of several
// such chains the longest is taken in which each 3×3 convolution has as many inputs as the one
// before has outputs, and the first has 3. Fully connected layers follow in the same way.
//
// Feeding, by the names that the publishers of VGGs have used: `convX_Y` Caffe's (Gatys'
// vgg_conv.pth and everything converted from Caffe); `convX_Y_W` RGB from 0 to 255 (Frossard's
// vgg16_weights.npz); a 1×1 convolution of the colours before the first layer (AdaIN's
// vgg_normalised.pth) says it itself; everything else torchvision's.
//
// Throws Error if two tensors have one name, or if such a 1×1 convolution mixes colours.
void find_named_layers(Source& source);

}  // namespace gramgrad::converter
