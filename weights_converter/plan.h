// What a conversion will do with a source: decided once, for `convert`, `show` and `verify`.
#pragma once

#include <string>
#include <vector>

#include "weights_converter/convert.h"
#include "weights_converter/known_sources.h"
#include "weights_converter/layer_weights.h"
#include "weights_converter/recognise.h"

namespace gramgrad::converter {

struct Plan {
  nn::Architecture architecture;
  std::vector<std::string> convs;    // to be taken: Source::layers[0], [1], ... under their names
  std::vector<std::string> dropped;  // convolutions of the source that are not
  std::vector<std::size_t> classifier;  // positions in Source::layers of fc6, fc7, fc8; or none
  bool drops_head = false;              // there are fully connected layers that are not taken
  DType source_dtype = DType::f32;      // of the weights, as wide as the widest
  DType dtype = DType::f32;
  nn::Feeding feeding;
  std::string sha256;  // of the source
  const KnownSource* known = nullptr;
  std::vector<std::string> notes;
};

// Throws Error, beginning with the path, if the source cannot be converted so: no VGG, ambiguous,
// shorter than `upto`, without the classifier that was asked for, fed nobody knows how.
Plan make_plan(const InputFilePtr& file, const Source& source, const ConvertOptions& options);

// The layers that the plan takes. `source` must outlive them. `factors`: one for each, or none.
std::vector<StoredLayer> stored_layers(const InputFilePtr& file, const Source& source,
                                       const Plan& plan,
                                       const std::vector<ChannelFactors>& factors = {});

// Their weights and biases in the order of the file.
std::vector<nn::TensorStream> streams_of(const std::vector<StoredLayer>& layers);

}  // namespace gramgrad::converter
