// From y_c = w_c · v_σ(c) + b_c, with v the picture's channels and σ the identity or the reversal,
// to (scale · v − mean) / std.
#include "weights_converter/archives/colour_layer.h"

#include <array>
#include <cmath>
#include <vector>

#include "kernels/check.h"

namespace gramgrad::converter {
namespace {

// Whether row c of the 3×3 matrix has its one number at column c, or at 2 − c.
bool takes_channels(const std::vector<float>& matrix, bool reversed) {
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      const bool here = column == (reversed ? 2 - row : row);
      const float weight = matrix[3 * row + column];
      if (here ? !(weight > 0 && std::isfinite(weight)) : weight != 0) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

nn::Feeding feeding_of_colours(const Source& source, const SourceLayer& layer) {
  std::vector<float> matrix = read_all(source.tensors[layer.weight]);
  check(matrix.size() == 9, "layer {}: is no 1×1 convolution of 3 channels", layer.name);
  if (layer.layout == WeightLayout::hwio) {  // [in, out]
    for (const auto [a, b] : {std::array<std::size_t, 2>{1, 3}, {2, 6}, {5, 7}}) {
      std::swap(matrix[a], matrix[b]);
    }
  }
  const std::vector<float> bias =
      layer.bias ? read_all(source.tensors[*layer.bias]) : std::vector<float>(3, 0.0F);
  const bool reversed = takes_channels(matrix, true);
  check(reversed || takes_channels(matrix, false),
        "layer {}: mixes the picture's colours, which a way of feeding cannot say", layer.name);
  nn::Feeding feeding{reversed ? nn::ChannelOrder::bgr : nn::ChannelOrder::rgb, 1, {}, {}};
  const double first = matrix[reversed ? 2 : 0];
  const bool one_scale = matrix[4] == first && matrix[reversed ? 6 : 8] == first;
  feeding.scale = one_scale ? first : 1;
  for (std::size_t c = 0; c < 3; ++c) {
    const double weight = matrix[3 * c + (reversed ? 2 - c : c)];
    feeding.std[c] = one_scale ? 1 : 1 / weight;
    feeding.mean[c] = one_scale ? -double{bias[c]} : -double{bias[c]} / weight;
  }
  return feeding;
}

}  // namespace gramgrad::converter
