// The step from float to the whole numbers that files store.
#pragma once

#include <algorithm>
#include <cmath>

namespace gramgrad::apps {

// `value`, clamped to [0, 1], as a whole number from 0 to `largest`, rounded to nearest.
inline unsigned quantise(float value, unsigned largest) {
  const double scaled = std::clamp(static_cast<double>(value), 0.0, 1.0) * largest;
  return static_cast<unsigned>(std::lround(scaled));
}

}  // namespace gramgrad::apps
