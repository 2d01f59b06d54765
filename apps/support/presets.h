// Named settings of the method: objective, optimiser, schedule, start, pooling.
#pragma once

#include <span>
#include <string_view>

#include "apps/support/options.h"

namespace gramgrad::apps {

struct Preset {
  std::string_view name;
  std::string_view summary;                     // one line
  void (*change)(StylizeArguments& arguments);  // what differs from `balanced`
};

std::span<const Preset> presets();

// Sets everything that a preset decides, and nothing else. Throws Error for an unknown name.
void apply_preset(StylizeArguments& arguments, std::string_view name);

}  // namespace gramgrad::apps
