// A camera's picture while it is being drawn: projection, coverage and antialiased shapes.
//
// The lake needs the scene twice: as it is and as its mirror image under the water. Both are drawn
// by the same code, through the same projection with the heights negated.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "apps/support/samples/math.h"

namespace gramgrad::apps::samples {

// World units are kilometres: x to the right, y up from the water, z ahead.
inline constexpr float camera_height = 0.020f;

// Picture geometry in pixels; see Frame::cover.
struct Frame {
  int width = 0;
  int height = 0;
  float unit = 0;   // height of the 3:2 picture that just covers this frame
  float focal = 0;  // pixels that one radian spans at the centre
  Vec2 center;      // where the horizon meets the vertical axis

  // The composition is 3:2; other shapes see the part of it around the horizon's centre.
  static Frame cover(int width, int height);
};

class View {
 public:
  View(const Frame& frame, bool mirrored);

  const Frame& frame() const { return frame_; }
  bool mirrored() const { return mirrored_; }

  // Where a point of the world appears, in pixels. Requires z > 0.
  Vec2 project(Vec3 world) const;
  // A place relative to the horizon's centre, in units of the reference height, y downwards. For
  // things so near that only their outline matters.
  Vec2 place(Vec2 p) const { return frame_.center + p * frame_.unit; }
  // Pixels that a kilometre spans at distance z.
  float scale(float z) const { return frame_.focal / z; }
  // Direction of sight through a pixel, in the mirrored view after reflection in the water.
  Vec3 ray(Vec2 pixel) const;

  // Linear light. `amount` in [0, 1] is the share of the pixel that becomes this colour.
  void blend(int x, int y, Rgb color, float amount);
  // The same for things drawn from near to far: fills up to `amount` of what is not covered yet.
  void blend_behind(int x, int y, Rgb color, float amount);
  // Convex, in either sense of rotation; edges are antialiased.
  void polygon(std::span<const Vec2> corners, Rgb color);
  // A line with round ends, tapering from one width to the other, in pixels. Lines thinner than a
  // pixel are drawn fainter instead. a == b gives a disc.
  void line(Vec2 a, Vec2 b, float width_a, float width_b, Rgb color);

  Rgb color(int x, int y) const { return color_[index(x, y)]; }
  float cover(int x, int y) const { return cover_[index(x, y)]; }
  // Bilinear, clamped to the frame.
  Rgb sample(Vec2 pixel) const;

 private:
  struct Box {
    int x0, y0, x1, y1;
  };
  // Pixels that lie within `margin` of the points' bounding box.
  Box bounds(std::span<const Vec2> points, float margin) const;
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(frame_.width) +
           static_cast<std::size_t>(x);
  }

  Frame frame_;
  bool mirrored_;
  std::vector<Rgb> color_;
  std::vector<float> cover_;
};

}  // namespace gramgrad::apps::samples
