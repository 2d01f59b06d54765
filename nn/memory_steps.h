// The convolutions that a network runs for some taps, as bytes: for the memory prediction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/ops.h"
#include "nn/architecture.h"
#include "nn/schedule.h"
#include "nn/tap.h"

namespace gramgrad::nn {

// A convolution at one size of the picture, and the bytes of what it makes.
struct MemoryStep {
  int block, index;
  Shape x, w;  // of its arguments
  std::int64_t channels;
  std::int64_t map;     // full resolution
  std::int64_t pooled;  // 0: not pooled
  std::int64_t relu_mask, pool_mask;
  bool tapped;       // the map, before or after the ReLU
  bool conv_tapped;  // before the ReLU: then conv, ReLU and pooling are operators of their own

  // The map exists as a whole, not only strip by strip on its way into the pooling.
  bool has_map() const { return tapped || pooled == 0; }
  std::int64_t bytes_at(const Tap& tap) const { return tap.stage == Stage::pool ? pooled : map; }
};

// `element`: bytes of one.
std::vector<MemoryStep> memory_steps(const Architecture& architecture,
                                     std::span<const ConvLayer> layers, std::span<const Tap> taps,
                                     const Scale& size, PoolKind pooling, std::int64_t element);

const MemoryStep& step_at(std::span<const MemoryStep> steps, const Tap& tap);

}  // namespace gramgrad::nn
