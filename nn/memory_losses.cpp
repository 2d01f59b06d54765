// Losses along the network.
#include "nn/memory_losses.h"

#include <algorithm>

namespace gramgrad::nn {

std::vector<MemoryLoss> memory_losses(const ObjectiveOptions& objective,
                                      const Architecture& architecture) {
  std::vector<MemoryLoss> result;
  const auto add = [&](double weight, std::span<const WeightedLayer> layers, bool style) {
    for (const WeightedLayer& layer : layers) {
      if (weight > 0 && layer.weight > 0) {
        result.push_back({find_tap(architecture, layer.tap), style});
      }
    }
  };
  add(objective.content_weight, objective.content_layers, false);
  add(objective.style_weight, objective.style_layers, true);
  return result;
}

std::vector<Tap> taps_of(std::span<const MemoryLoss> losses, bool content, bool style) {
  std::vector<Tap> result;
  for (const MemoryLoss& loss : losses) {
    if (loss.style ? style : content) {
      result.push_back(loss.tap);
    }
  }
  return result;
}

bool has_style_loss(std::span<const MemoryLoss> losses, const MemoryStep& step) {
  return std::any_of(losses.begin(), losses.end(), [&](const MemoryLoss& loss) {
    return loss.style && loss.tap.stage != Stage::pool && loss.tap.block == step.block &&
           loss.tap.index == step.index;
  });
}

std::vector<MemoryVisit> backward_order(std::span<const MemoryStep> network,
                                        std::span<const MemoryLoss> losses) {
  std::vector<MemoryVisit> order;
  std::size_t reached = 0;
  for (const MemoryLoss& loss : losses) {
    const MemoryStep& at = step_at(network, loss.tap);
    for (; reached < network.size() && &network[reached] <= &at; ++reached) {
      order.push_back({&network[reached], nullptr});
    }
    order.push_back({&at, &loss});
  }
  std::reverse(order.begin(), order.end());
  return order;
}

}  // namespace gramgrad::nn
