// Thick paint: bristle marks within a stroke, a relief that grows with every layer, light on it.
#include "apps/support/samples/oil_canvas.h"

#include "apps/support/samples/noise.h"

namespace gramgrad::apps::samples {

// A piece of a stroke: the strip along a→b, cut at both ends halfway to its neighbours' directions
// so that the pieces of a bent stroke neither gap nor overlap.
struct OilCanvas::Segment {
  Vec2 a, b;
  Vec2 cut_a, cut_b;       // normals of the cuts, pointing along the stroke
  float from = 0, to = 0;  // distance travelled by the brush at a and at b, pixels
  float total = 0;         // length of the whole stroke, pixels
  bool first = false, last = false;
};

namespace {

// How a brush mark looks at one point of the stroke.
struct Mark {
  float cover = 0;   // 0: canvas shows, 1: paint hides it
  float relief = 0;  // of the mark itself
  float streak = 0;  // share of the streak colour
};

// `across` runs from −1 to 1 over the width, `along` in pixels from the stroke's start, which may
// be negative in the rounded cap before it.
Mark brush_mark(const Stroke& stroke, float across, float along, float total) {
  const float bristles = std::clamp(stroke.width / 2.2f, 2.0f, 14.0f);
  const float lane = (across + 1) * 0.5f * bristles;
  const float stretch = 1 / (4.5f * stroke.width);
  const float bristle = value_noise({lane, along * stretch}, stroke.seed);
  const float ragged = value_noise({lane * 1.3f, along * stretch * 2}, stroke.seed + 1);
  const float progress = along / std::max(total, 1.0f);

  // The brush lifts gradually: bristles with less paint leave the canvas earlier.
  const float run_out = smoothstep(0.62f, 1.05f, progress);
  const float tip = 1 - smoothstep(-0.25f, 0.35f, run_out - 0.75f * bristle);
  const float radius = 0.5f * stroke.width;
  const float before = std::max(-along, 0.0f) / radius;
  const float after = std::max(along - total, 0.0f) / radius;
  const float end = std::max(before, after);
  const float edge = std::sqrt(across * across + end * end) + 0.22f * (ragged - 0.5f);

  Mark mark;
  mark.cover = smoothstep(1.0f, 1.0f - std::min(2.4f / stroke.width, 0.6f), edge) * tip;
  // Paint is pushed to both sides, piles up where the brush is set down, and keeps the bristles.
  const float ridge = smoothstep(0.45f, 0.85f, edge) * 0.5f;
  const float set_down = 0.45f * (1 - smoothstep(0.0f, 0.3f, progress));
  mark.relief = stroke.body * (0.45f + 0.9f * bristle + ridge + set_down);
  mark.streak =
      smoothstep(0.45f, 0.95f, value_noise({lane * 0.8f, along * stretch * 0.6f}, stroke.seed + 2));
  return mark;
}

}  // namespace

OilCanvas::OilCanvas(int width, int height, float unit, Rgb ground)
    : width_(width),
      height_(height),
      unit_(unit),
      color_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), ground),
      relief_(color_.size(), 0.0f) {}

void OilCanvas::paint(const Stroke& stroke) {
  const auto& path = stroke.path;
  const auto direction = [&](std::size_t i) { return normalized(path[i + 1] - path[i]); };
  Segment segment;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    segment.total += length(path[i + 1] - path[i]);
  }
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    segment.a = path[i];
    segment.b = path[i + 1];
    segment.first = i == 0;
    segment.last = i + 2 == path.size();
    segment.cut_a = segment.first ? direction(i) : direction(i - 1) + direction(i);
    segment.cut_b = segment.last ? direction(i) : direction(i) + direction(i + 1);
    segment.from = segment.to;
    segment.to += length(segment.b - segment.a);
    paint_segment(stroke, segment);
  }
}

void OilCanvas::paint_segment(const Stroke& stroke, const Segment& s) {
  const float radius = 0.5f * stroke.width * 1.15f;
  const Vec2 along = normalized(s.b - s.a);
  const Vec2 across = perpendicular(along);
  const auto bound = [](float value, int limit) {
    return static_cast<int>(std::clamp(value, 0.0f, static_cast<float>(limit)));
  };
  const int x0 = bound(std::floor(std::min(s.a.x, s.b.x) - radius), width_);
  const int x1 = bound(std::ceil(std::max(s.a.x, s.b.x) + radius) + 1, width_);
  const int y0 = bound(std::floor(std::min(s.a.y, s.b.y) - radius), height_);
  const int y1 = bound(std::ceil(std::max(s.a.y, s.b.y) + radius) + 1, height_);
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) {
      const Vec2 p = {static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
      const float v = dot(p - s.a, across);
      if (std::abs(v) > radius || (!s.first && dot(p - s.a, s.cut_a) < 0) ||
          (!s.last && dot(p - s.b, s.cut_b) >= 0)) {
        continue;
      }
      const float u = s.from + dot(p - s.a, along);
      const Mark mark = brush_mark(stroke, 2 * v / stroke.width, u, s.total);
      if (mark.cover <= 0) {
        continue;
      }
      const std::size_t i = static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                            static_cast<std::size_t>(x);
      color_[i] = mix(color_[i], mix(stroke.color, stroke.streak, mark.streak), mark.cover);
      // New paint lies on the old relief but also fills it.
      const float thickness = mark.relief * stroke.width * 1000 / unit_ * 0.1f;
      relief_[i] = mix(relief_[i], 0.45f * relief_[i] + thickness, mark.cover);
    }
  }
}

float OilCanvas::relief_at(int x, int y) const {
  const auto cx = static_cast<std::size_t>(std::clamp(x, 0, width_ - 1));
  const auto cy = static_cast<std::size_t>(std::clamp(y, 0, height_ - 1));
  return relief_[cy * static_cast<std::size_t>(width_) + cx];
}

std::vector<float> OilCanvas::lit() const {
  const Vec3 lamp = normalized(Vec3{-0.55f, -0.65f, 0.75f});
  const Vec3 halfway = normalized(lamp + Vec3{0, 0, 1});
  const float steepness =
      unit_ / 1000 * 0.5f * 0.75f;  // relief units over pixels; central difference
  std::vector<float> pixels;
  pixels.reserve(color_.size() * 3);
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) {
      const float dx = relief_at(x + 1, y) - relief_at(x - 1, y);
      const float dy = relief_at(x, y + 1) - relief_at(x, y - 1);
      const Vec3 normal = normalized(Vec3{-dx * steepness, -dy * steepness, 1});
      // Relative to a flat canvas, whose colour shall stay as it was mixed.
      const float shade = 0.45f + 0.55f * std::max(dot(normal, lamp), 0.0f) / lamp.z;
      const float gloss = 0.16f * std::pow(std::max(dot(normal, halfway), 0.0f), 40.0f) - 0.05f;
      const Rgb c = color_[pixels.size() / 3] * shade + Rgb{1, 1, 0.95f} * gloss;
      pixels.insert(pixels.end(), {saturate(c.r), saturate(c.g), saturate(c.b)});
    }
  }
  return pixels;
}

}  // namespace gramgrad::apps::samples
