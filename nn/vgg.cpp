// VGG: loading and the forward pass.
#include "nn/vgg.h"

#include <algorithm>

#include "autograd/functions.h"
#include "kernels/check.h"
#include "kernels/profile_range.h"

namespace gramgrad::nn {
namespace {

autograd::Variable load(const TensorView& tensor, Shape shape, const Device& device, DType dtype) {
  // f16 and bf16 are exact in f32, and f32 in f64, so widening to f32 first loses nothing.
  std::vector<float> values(tensor.element_count());
  expand_to_f32(tensor, values);
  return autograd::Variable(Tensor::from_host<float>(device, shape, dtype, values));
}

bool reaches(const Tap& tap, int block, int index) {
  return tap.block > block || (tap.block == block && tap.index >= index);
}

}  // namespace

ChannelAffineParams feeding_params(const Feeding& feeding) {
  ChannelAffineParams params;
  for (std::size_t c = 0; c < 3; ++c) {
    params.source[c] =
        feeding.channel_order == ChannelOrder::bgr ? static_cast<int>(2 - c) : static_cast<int>(c);
    params.scale[c] = feeding.scale / feeding.std[c];
    params.shift[c] = -feeding.mean[c] / feeding.std[c];
  }
  return params;
}

std::int64_t smallest_side(const Tap& tap) {
  const int pools = tap.stage == Stage::pool ? tap.block : tap.block - 1;
  return std::int64_t{1} << pools;
}

void check_tap_in_file(const Tap& tap, const WeightsFile& file) {
  const std::vector<ConvLayer> layers = conv_layers(file);
  check(!layers.empty() && (layers.back().block > tap.block ||
                            (layers.back().block == tap.block && layers.back().index >= tap.index)),
        "layer '{}' lies beyond {}, which ends after {}; give a longer network with --weights FILE",
        tap.name, file.name(), layers.empty() ? "nothing" : layers.back().name);
}

Vgg::Vgg(const WeightsFile& file, const Device& device, DType dtype, PoolKind pooling,
         std::string_view last_tap)
    : architecture_(find_architecture(file.architecture())),
      device_(device),
      dtype_(dtype),
      pooling_(pooling),
      file_name_(file.name()),
      feeding_(feeding_params(file.feeding())) {
  check(pooling != PoolKind::none, "a VGG needs max or average pooling");
  Tap last{"", Stage::pool, 5, architecture_.convs.back()};
  if (!last_tap.empty()) {
    last = find_tap(architecture_, last_tap);
    check_tap_in_file(last, file);
  }
  for (const ConvLayer& conv : conv_layers(file)) {
    if (reaches(last, conv.block, conv.index)) {
      layers_.push_back(
          {conv.block, conv.index,
           load(*conv.weight, {conv.out_channels, 3, 3, conv.in_channels}, device, dtype),
           load(*conv.bias, {conv.out_channels}, device, dtype)});
    }
  }
}

Tap Vgg::require_tap(std::string_view name) const {
  Tap tap = find_tap(architecture_, name);
  const bool there = !layers_.empty() &&
                     (layers_.back().block > tap.block ||
                      (layers_.back().block == tap.block && layers_.back().index >= tap.index));
  check(there,
        "layer '{}' lies beyond the loaded part of {}; give a longer network with --weights FILE",
        name, file_name_);
  return tap;
}

std::vector<Tap> Vgg::required_taps(std::span<const std::string> names, const Shape& image) const {
  check(image.rank() == 4 && image[3] == 3, "a picture must be [N,H,W,3], not {}",
        image.to_string());
  std::vector<Tap> taps;
  for (const std::string& name : names) {
    taps.push_back(require_tap(name));
    const std::int64_t side = smallest_side(taps.back());
    check(std::min(image[1], image[2]) >= side,
          "a picture of {}x{} pixels is too small for layer '{}', which needs {} on each side; "
          "use a larger picture or earlier layers",
          image[2], image[1], name, side);
  }
  return taps;
}

Features Vgg::operator()(const autograd::Variable& image,
                         std::span<const std::string> names) const {
  const std::vector<Tap> taps = required_taps(names, image.shape());
  const auto tapped = [&](Stage stage, const Layer& layer) {
    return std::any_of(taps.begin(), taps.end(), [&](const Tap& tap) {
      return tap.stage == stage && tap.block == layer.block && tap.index == layer.index;
    });
  };
  Features features;
  autograd::Variable x = autograd::convert(autograd::channel_affine(feeding_, image), dtype_);
  for (const Layer& layer : layers_) {
    const auto needed = [&](const Tap& tap) { return reaches(tap, layer.block, layer.index); };
    if (std::none_of(taps.begin(), taps.end(), needed)) {
      break;
    }
    const std::string name = fmt::format("conv{}_{}", layer.block, layer.index);
    const ProfileRange range(name.c_str());
    const bool ends_block =
        layer.index == architecture_.convs[static_cast<std::size_t>(layer.block - 1)];
    const bool pools =
        ends_block && std::any_of(taps.begin(), taps.end(), [&](const Tap& tap) {
          return tap.block > layer.block || (tap.block == layer.block && tap.stage == Stage::pool);
        });
    const bool conv_tapped = tapped(Stage::conv, layer);
    const bool relu_tapped = tapped(Stage::relu, layer);
    // The fused operator, unless somebody looks at what is between its parts.
    const Conv2dParams params{.padding = 1,
                              .relu = !conv_tapped,
                              .pool = pools && !conv_tapped ? pooling_ : PoolKind::none,
                              .frozen_weights = true};
    autograd::Conv2dResult result =
        autograd::conv2d(params, x, layer.weight, layer.bias, relu_tapped);
    if (conv_tapped) {
      features[name] = result.y;
      result.y = autograd::relu(result.y);
      if (pools) {
        result.pooled = autograd::pool2d({.kind = pooling_}, result.y);
      }
    }
    if (relu_tapped) {
      features[fmt::format("relu{}_{}", layer.block, layer.index)] = result.y;
    }
    if (tapped(Stage::pool, layer)) {
      features[fmt::format("pool{}", layer.block)] = result.pooled;
    }
    x = pools ? result.pooled : result.y;
  }
  return features;
}

}  // namespace gramgrad::nn
