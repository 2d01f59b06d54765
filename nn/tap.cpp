// The names of a VGG's feature maps.
#include "nn/tap.h"

#include <algorithm>

#include "kernels/check.h"
#include "nn/suggest.h"

namespace gramgrad::nn {

std::vector<Tap> all_taps(const Architecture& architecture) {
  std::vector<Tap> taps;
  for (int block = 1; block <= static_cast<int>(architecture.convs.size()); ++block) {
    const int convs = architecture.convs[static_cast<std::size_t>(block - 1)];
    for (int index = 1; index <= convs; ++index) {
      taps.push_back({fmt::format("conv{}_{}", block, index), Stage::conv, block, index});
      taps.push_back({fmt::format("relu{}_{}", block, index), Stage::relu, block, index});
    }
    taps.push_back({fmt::format("pool{}", block), Stage::pool, block, convs});
  }
  return taps;
}

Tap find_tap(const Architecture& architecture, std::string_view name) {
  const std::vector<Tap> taps = all_taps(architecture);
  const auto found =
      std::find_if(taps.begin(), taps.end(), [&](const Tap& tap) { return tap.name == name; });
  if (found == taps.end()) {
    std::vector<std::string> names;
    std::transform(taps.begin(), taps.end(), std::back_inserter(names),
                   [](const Tap& tap) { return tap.name; });
    fail("{} has no layer '{}'; did you mean '{}'?", architecture.name, name, nearest(name, names));
  }
  return *found;
}

}  // namespace gramgrad::nn
