// How much device memory a run will take, before it starts.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "nn/stylizer.h"
#include "nn/weights_file.h"

namespace gramgrad::nn {

struct MemoryPart {
  std::string_view name;
  std::size_t bytes;
};

// What is live at the moment when most is.
struct MemoryPlan {
  std::vector<MemoryPart> parts;
  std::size_t total = 0;  // their sum: what MemoryStatistics::peak will say
};

// Sizes in pixels of what a run at one scale works on.
struct MemoryInputs {
  Scale picture;              // with its iterations
  std::vector<Scale> styles;  // as they are at this scale
  std::size_t held = 0;       // bytes of pictures that the caller keeps on the device meanwhile
};

// Walks through the allocations of Stylizer, Objective, Vgg and the optimiser at one scale (the
// last is the largest) without doing them. Options and taps are those that check_options and
// check_tap_in_file accept; `dtype` is the Vgg's.
MemoryPlan plan_memory(const WeightsFile& file, const StylizerOptions& options, PoolKind pooling,
                       const Device& device, DType dtype, const MemoryInputs& inputs);

}  // namespace gramgrad::nn
