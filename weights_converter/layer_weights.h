// One layer of a source as a weights file stores it: batch normalisation folded, weights in the
// order [out, rows, columns, in], rounded to the type wanted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "nn/weights_writer.h"
#include "weights_converter/recognise.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

// Factors of a layer's channels: weight[o, ·, ·, i] is multiplied by out[o] · in[i], bias[o] by
// out[o]. Empty: 1.
struct ChannelFactors {
  std::vector<double> out;
  std::vector<double> in;
};

// What a layer becomes. The streams read from the source when they are run, a few rows at a time
// (the whole tensor where the source has the output channel last). They throw Error, beginning with
// the path, for numbers that are not finite or too large for their type.
struct StoredLayer {
  std::string name;  // "conv1_1", "fc6"
  LayerShape shape;  // of the stored weights
  nn::TensorStream weight;
  nn::TensorStream bias;  // f32
};

// `source` must outlive the result. `as` is the shape in which the weights are to be stored: a
// linear layer may be stored as a convolution, its inputs counted as `source.flatten` says. Throws
// Error, beginning with the path, if the layer's tensors do not fit together.
StoredLayer stored_layer(const InputFilePtr& file, const Source& source, const SourceLayer& layer,
                         const std::string& name, const LayerShape& as, DType dtype,
                         const ChannelFactors& factors = {});

// A stream's numbers, all of them.
std::vector<float> values_of(const nn::TensorStream& stream);

}  // namespace gramgrad::converter
