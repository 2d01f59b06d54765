// Which VGG network a list of layers is, from nothing but their shapes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/architecture.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

// The dimensions of a layer's weights, whatever their order; rows = columns = 1 if it is linear.
struct LayerShape {
  std::int64_t out = 0;
  std::int64_t in = 0;
  std::int64_t rows = 1;
  std::int64_t columns = 1;
};

// Throws Error, naming the layer, if its tensors have shapes that no such layer has.
LayerShape shape_of(const Source& source, const SourceLayer& layer);

struct Recognised {
  nn::Architecture architecture;
  std::vector<std::string>
      convs;  // names of Source::layers[0], [1], ...: "conv1_1", "conv1_2", ...
  std::vector<std::size_t> linear;  // positions in Source::layers of what is fully connected
  std::vector<std::string> notes;
};

// The network whose blocks end where the numbers of channels change. A file that is cut off is
// recognised if only one network can begin so. `architecture` says which it is where that is not
// enough (empty: not given); layers that it does not have are left out. Throws Error if the layers
// are no VGG.
Recognised recognise(const Source& source, const std::string& architecture);

}  // namespace gramgrad::converter
