// A canvas that takes thick paint: colour and relief, stroke by stroke, lit at the end.
#pragma once

#include <cstdint>
#include <vector>

#include "apps/support/samples/math.h"

namespace gramgrad::apps::samples {

// One pull of a loaded brush.
struct Stroke {
  std::vector<Vec2> path;  // pixels, at least two points, turning gently
  float width = 1;         // pixels
  Rgb color;               // what the brush was dipped into…
  Rgb streak;              // …and what it had not quite lost: runs through it in bristle lines
  float body = 1;          // how thickly the paint stands, 1 being a well loaded brush
  std::uint32_t seed = 0;  // of the bristles
};

class OilCanvas {
 public:
  // `unit` is the picture's reference length in pixels: the height of a 3:2 picture of its area.
  OilCanvas(int width, int height, float unit, Rgb ground);

  void paint(const Stroke& stroke);

  // The paint under a lamp at the upper left: HWC, RGB in [0, 1], sRGB-encoded.
  std::vector<float> lit() const;

 private:
  struct Segment;
  void paint_segment(const Stroke& stroke, const Segment& segment);
  float relief_at(int x, int y) const;

  int width_;
  int height_;
  float unit_;
  std::vector<Rgb> color_;     // sRGB-encoded: painters mix by eye
  std::vector<float> relief_;  // height of the paint in thousandths of a unit
};

}  // namespace gramgrad::apps::samples
