// The shape of the land around the sample landscape's lake. Places are (x, z), kilometres.
#pragma once

#include "apps/support/samples/math.h"

namespace gramgrad::apps::samples {

// Where the island lies, for those who build on it.
inline constexpr Vec2 island_center = {-0.095f, 0.54f};

// Height of the ground over the water, negative in the lake. Octaves of detail: each halves the
// smallest feature, 9 reach a few metres.
float bare_height(Vec2 p, int octaves);

// Share of woods, [0, 1], at a place of this height: on land, below the tree line, in patches.
float wood(Vec2 p, float height);

// The ground with the tops of its trees, as it stands against what lies behind.
float height_with_trees(Vec2 p, int octaves);

}  // namespace gramgrad::apps::samples
