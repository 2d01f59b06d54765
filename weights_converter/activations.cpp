// The walk through a network.
#include "weights_converter/activations.h"

#include "kernels/ops.h"
#include "nn/architecture.h"
#include "nn/vgg.h"

namespace gramgrad::converter {
namespace {

std::vector<float> widened(const nn::TensorView& tensor) {
  std::vector<float> values(tensor.element_count());
  nn::expand_to_f32(tensor, values);
  return values;
}

WalkLayer walk_layer(const nn::Architecture& architecture, int block, int index,
                     const LayerShape& shape) {
  WalkLayer layer;
  layer.relu = fmt::format("relu{}_{}", block, index);
  layer.shape = shape;
  layer.ends_block = index == architecture.convs[static_cast<std::size_t>(block - 1)];
  return layer;
}

}  // namespace

std::vector<WalkLayer> walk_layers(const nn::Architecture& architecture,
                                   const std::vector<StoredLayer>& layers) {
  std::vector<WalkLayer> result;
  for (std::size_t block = 0; block < architecture.convs.size(); ++block) {
    for (int i = 1; i <= architecture.convs[block] && result.size() < layers.size(); ++i) {
      const StoredLayer& stored = layers[result.size()];
      if (!stored.name.starts_with("conv")) {
        return result;
      }
      result.push_back(walk_layer(architecture, static_cast<int>(block) + 1, i, stored.shape));
      result.back().weight = [&stored] { return values_of(stored.weight); };
      result.back().bias = [&stored] { return values_of(stored.bias); };
    }
  }
  return result;
}

std::vector<WalkLayer> walk_layers(const nn::WeightsFile& file) {
  const nn::Architecture& architecture = nn::find_architecture(file.architecture());
  std::vector<WalkLayer> result;
  for (const nn::ConvLayer& conv : nn::conv_layers(file)) {
    result.push_back(walk_layer(architecture, conv.block, conv.index,
                                {conv.out_channels, conv.in_channels, 3, 3}));
    result.back().weight = [&tensor = *conv.weight] { return widened(tensor); };
    result.back().bias = [&tensor = *conv.bias] { return widened(tensor); };
  }
  return result;
}

void walk(const std::vector<WalkLayer>& layers, const nn::Feeding& feeding, const Tensor& picture,
          const std::function<void(const WalkLayer&, const Tensor&)>& visit) {
  const Device& device = picture.device();
  const DType dtype = picture.dtype();
  Tensor x(device, picture.shape(), dtype);
  device.ops().channel_affine(nn::feeding_params(feeding), picture, x);
  for (const WalkLayer& layer : layers) {
    const Conv2dParams params{.padding = 1, .relu = true};
    const LayerShape& s = layer.shape;
    const Tensor weight =
        Tensor::from_host<float>(device, {s.out, 3, 3, s.in}, dtype, layer.weight());
    const Tensor bias = Tensor::from_host<float>(device, {s.out}, dtype, layer.bias());
    Tensor y(device, conv2d_output_shape(params, x.shape(), weight.shape()), dtype);
    device.ops().conv2d(params, x, weight, bias, {.y = &y});
    visit(layer, y);
    if (layer.ends_block && &layer != &layers.back()) {
      const Pool2dParams pool{.kind = PoolKind::max};
      x = Tensor(device, pool2d_output_shape(pool, y.shape()), dtype);
      device.ops().pool2d(pool, y, x, nullptr);
    } else {
      x = y;
    }
  }
}

}  // namespace gramgrad::converter
