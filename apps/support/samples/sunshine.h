// Which places of the sample landscape the sun reaches.
#pragma once

#include <vector>

#include "apps/support/samples/math.h"

namespace gramgrad::apps::samples {

// A coarse copy of the ground, as shadows ask for heights far more often than the eye.
class Sunshine {
 public:
  Sunshine();

  // Share of the sun that reaches a point of the world; soft, as the sun is not a point.
  float share(Vec3 p) const;

 private:
  float height(Vec2 p) const;

  std::vector<float> heights_;  // [rows, columns]
};

}  // namespace gramgrad::apps::samples
