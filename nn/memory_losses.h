// Where losses look at the network, and in which order a backward pass meets them: for the memory
// prediction.
#pragma once

#include <span>
#include <vector>

#include "nn/memory_steps.h"
#include "nn/objective.h"
#include "nn/tap.h"

namespace gramgrad::nn {

// A loss on a tap.
struct MemoryLoss {
  Tap tap;
  bool style;  // else content
};

// Those that have a weight: content, then style.
std::vector<MemoryLoss> memory_losses(const ObjectiveOptions& objective,
                                      const Architecture& architecture);

std::vector<Tap> taps_of(std::span<const MemoryLoss> losses, bool content, bool style);

bool has_style_loss(std::span<const MemoryLoss> losses, const MemoryStep& step);

// A loss with the convolution that it looks at, or (null) the convolution itself.
struct MemoryVisit {
  const MemoryStep* step;
  const MemoryLoss* loss;
};

// Consumers before producers, as autograd::backward sorts them: a loss is visited before the
// convolutions that no loss before it in the list has needed, and later losses before earlier ones.
std::vector<MemoryVisit> backward_order(std::span<const MemoryStep> network,
                                        std::span<const MemoryLoss> losses);

}  // namespace gramgrad::nn
