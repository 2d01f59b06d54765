// What the sample painting depicts: how the wind turns and which colour lies where.
#pragma once

#include <cstdint>
#include <vector>

#include "apps/support/samples/math.h"

namespace gramgrad::apps::samples {

// Coordinates are in units of the reference height: x in [0, aspect], y in [0, tall] downwards.
class Motif {
 public:
  // `aspect` and `tall` are the picture's extent.
  Motif(float aspect, float tall, std::uint64_t seed);

  // Direction of the brush, of length 1.
  Vec2 flow(Vec2 p) const;

  // A colour for a stroke around p, sRGB-encoded; chance decides among the neighbours in the
  // palette, so that strokes side by side differ and mix in the eye.
  Rgb color(Vec2 p, Random& random) const;

 private:
  struct Swirl {
    Vec2 center;
    float radius = 0;
    float spin = 1;  // +1 or −1
    bool glowing = false;
  };
  struct Cypress {
    Vec2 foot;
    float width = 0, height = 0;
  };
  enum class Ground { sky, hill, field, cypress };

  void scatter_swirls(float aspect, Random& random);
  Ground ground_at(Vec2 p) const;
  Rgb sky_color(Vec2 p, Random& random) const;
  Rgb field_color(Vec2 p, Random& random) const;

  std::uint32_t noise_seed_ = 0;
  float horizon_;
  std::vector<Swirl> swirls_;
  std::vector<Cypress> cypresses_;
};

}  // namespace gramgrad::apps::samples
