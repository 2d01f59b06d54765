// The feature maps of a network, computed with one layer's weights in memory at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/tensor.h"
#include "nn/weights_file.h"
#include "weights_converter/layer_weights.h"

namespace gramgrad::converter {

// A convolution as the walk needs it; weights [out, 3, 3, in].
struct WalkLayer {
  std::string relu;  // the name of what it makes, "relu3_1"
  LayerShape shape;
  bool ends_block = false;  // a 2×2 max pooling follows, unless it is the last
  std::function<std::vector<float>()> weight;
  std::function<std::vector<float>()> bias;
};

// The convolutions among `layers`, named as nn/architecture.h names them; they must outlive the
// result.
std::vector<WalkLayer> walk_layers(const nn::Architecture& architecture,
                                   const std::vector<StoredLayer>& layers);
// Those of a weights file, which must outlive the result.
std::vector<WalkLayer> walk_layers(const nn::WeightsFile& file);

// Calls `visit` with each layer and its map [1, h, w, channels], h and w halved after each block.
// `picture` is [1, H, W, 3], sRGB-encoded RGB in [0, 1]; computes on its device and in its type.
void walk(const std::vector<WalkLayer>& layers, const nn::Feeding& feeding, const Tensor& picture,
          const std::function<void(const WalkLayer&, const Tensor&)>& visit);

}  // namespace gramgrad::converter
