// Which of the layers of a file make a VGG: files also hold heads of their own.
#pragma once

#include <cstdint>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// A layer of a file with the sizes that tell what it is.
struct CandidateLayer {
  SourceLayer layer;
  std::int64_t kernel_height = 1;
  std::int64_t kernel_width = 1;
  std::int64_t inputs = 0;  // channels, or numbers of a fully connected layer
  std::int64_t outputs = 0;
};

// Appends to `source.layers` the 3×3 convolutions that follow each other from the first that takes
// a picture of three channels, each taking what the one before gives, and after them the fully
// connected layers if they are a VGG's three. Names what is left out in `source.notes`.
void take_vgg_chain(const std::vector<CandidateLayer>& candidates, Source& source);

}  // namespace gramgrad::converter
