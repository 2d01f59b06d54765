// Which convolutions run, and how large their maps are: as Vgg::operator() does it.
#include "nn/memory_steps.h"

#include <algorithm>

namespace gramgrad::nn {
namespace {

bool reaches(const Tap& tap, const ConvLayer& layer) {
  return tap.block > layer.block || (tap.block == layer.block && tap.index >= layer.index);
}
bool is_map_of(const Tap& tap, const ConvLayer& layer) {
  return tap.stage != Stage::pool && tap.block == layer.block && tap.index == layer.index;
}
bool needs_pooling_of(const Tap& tap, const ConvLayer& layer) {
  return tap.block > layer.block || (tap.block == layer.block && tap.stage == Stage::pool);
}

}  // namespace

std::vector<MemoryStep> memory_steps(const Architecture& architecture,
                                     std::span<const ConvLayer> layers, std::span<const Tap> taps,
                                     const Scale& size, PoolKind pooling, std::int64_t element) {
  const auto any = [&](auto&& test) { return std::any_of(taps.begin(), taps.end(), test); };
  std::vector<MemoryStep> steps;
  std::int64_t height = size.height;
  std::int64_t width = size.width;
  for (const ConvLayer& layer : layers) {
    if (!any([&](const Tap& tap) { return reaches(tap, layer); })) {
      break;
    }
    MemoryStep step{};
    step.block = layer.block;
    step.index = layer.index;
    step.x = {1, height, width, layer.in_channels};
    step.w = {layer.out_channels, 3, 3, layer.in_channels};
    step.channels = layer.out_channels;
    step.tapped = any([&](const Tap& tap) { return is_map_of(tap, layer); });
    step.conv_tapped =
        any([&](const Tap& tap) { return is_map_of(tap, layer) && tap.stage == Stage::conv; });
    step.map = height * width * layer.out_channels * element;
    step.relu_mask = height * width * ((layer.out_channels + 7) / 8);
    if (layer.index == architecture.convs[static_cast<std::size_t>(layer.block - 1)] &&
        any([&](const Tap& tap) { return needs_pooling_of(tap, layer); })) {
      height /= 2;
      width /= 2;
      step.pooled = height * width * layer.out_channels * element;
      step.pool_mask = pooling == PoolKind::max ? height * width * layer.out_channels : 0;
    }
    steps.push_back(step);
  }
  return steps;
}

const MemoryStep& step_at(std::span<const MemoryStep> steps, const Tap& tap) {
  return *std::find_if(steps.begin(), steps.end(), [&](const MemoryStep& step) {
    return step.block == tap.block && step.index == tap.index;
  });
}

}  // namespace gramgrad::nn
