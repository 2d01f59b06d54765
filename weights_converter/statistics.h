// What the numbers of a network look like, and whether they are those of the published VGG16.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nn/weights_writer.h"
#include "weights_converter/layer_weights.h"

namespace gramgrad::converter {

struct Statistics {
  double mean = 0;
  double norm = 0;  // root of the sum of squares
  float least = 0;
  float most = 0;
  std::size_t dead = 0;  // output channels (equal parts of the tensor) whose numbers are all zero
};

// Of a tensor whose first dimension counts the outputs.
Statistics statistics_of(const nn::TensorStream& tensor);

// Whether these are the convolutions of VGG16 as Simonyan and Zisserman published them, or the
// first of them, fed in whatever channel order and scaled nowhere. "": they are. Otherwise the
// first layer that is not, as one line: its norm and the published one. For a network of other
// shape: that.
std::string difference_from_published_vgg16(const std::string& architecture,
                                            const std::vector<StoredLayer>& layers);

}  // namespace gramgrad::converter
