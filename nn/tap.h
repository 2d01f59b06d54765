// Taps: places in a VGG network whose feature maps are looked at, by their names in the literature.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/architecture.h"

namespace gramgrad::nn {

enum class Stage { conv, relu, pool };  // before the ReLU, after it, after a block's pooling

struct Tap {
  std::string name;  // conv3_2, relu3_2, pool3
  Stage stage = Stage::relu;
  int block = 1;  // from 1
  int index = 0;  // convolution in its block, from 1; of a pool: the block's last

  friend bool operator==(const Tap& a, const Tap& b) { return a.name == b.name; }
};

// Every tap of an architecture, in the order of the network.
std::vector<Tap> all_taps(const Architecture& architecture);

// Throws Error for a name that the architecture does not have, naming the nearest that it has.
Tap find_tap(const Architecture& architecture, std::string_view name);

}  // namespace gramgrad::nn
