// Projection and antialiased shapes of the landscape's pictures.
#include "apps/support/samples/view.h"

#include <initializer_list>

namespace gramgrad::apps::samples {

Frame Frame::cover(int width, int height) {
  Frame frame;
  frame.width = width;
  frame.height = height;
  frame.unit = std::max(static_cast<float>(height), static_cast<float>(width) / 1.5f);
  frame.focal = 1.4f * frame.unit;  // about 56° across
  // The horizon divides the 3:2 picture at 0.57; a wider frame crops above and below alike.
  const float cropped = 0.5f * (frame.unit - static_cast<float>(height));
  frame.center = {0.5f * static_cast<float>(width), 0.57f * frame.unit - cropped};
  return frame;
}

View::View(const Frame& frame, bool mirrored)
    : frame_(frame),
      mirrored_(mirrored),
      color_(static_cast<std::size_t>(frame.width) * static_cast<std::size_t>(frame.height)),
      cover_(color_.size(), 0.0f) {}

Vec2 View::project(Vec3 world) const {
  const float up = mirrored_ ? -world.y : world.y;
  return frame_.center + Vec2{world.x, camera_height - up} * scale(world.z);
}

Vec3 View::ray(Vec2 pixel) const {
  const Vec2 offset = (pixel - frame_.center) * (1 / frame_.focal);
  return normalized(Vec3{offset.x, mirrored_ ? offset.y : -offset.y, 1});
}

void View::blend(int x, int y, Rgb color, float amount) {
  const std::size_t i = index(x, y);
  // The cover accumulates; the colour is that of the covered part alone.
  const float cover = cover_[i] + amount * (1 - cover_[i]);
  if (cover > 0) {
    color_[i] = mix(color_[i], color, amount / cover);
    cover_[i] = cover;
  }
}

void View::blend_behind(int x, int y, Rgb color, float amount) {
  const std::size_t i = index(x, y);
  const float cover = std::min(cover_[i] + amount, 1.0f);
  if (cover > cover_[i]) {
    color_[i] = mix(color, color_[i], cover_[i] / cover);
    cover_[i] = cover;
  }
}

View::Box View::bounds(std::span<const Vec2> points, float margin) const {
  Vec2 low = points[0];
  Vec2 high = points[0];
  for (const Vec2 p : points) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  const auto clip = [](float value, int limit) {
    return static_cast<int>(std::clamp(value, 0.0f, static_cast<float>(limit)));
  };
  return {clip(std::floor(low.x - margin), frame_.width),
          clip(std::floor(low.y - margin), frame_.height),
          clip(std::ceil(high.x + margin) + 1, frame_.width),
          clip(std::ceil(high.y + margin) + 1, frame_.height)};
}

void View::polygon(std::span<const Vec2> corners, Rgb color) {
  float area = 0;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const Vec2 a = corners[i];
    const Vec2 b = corners[(i + 1) % corners.size()];
    area += a.x * b.y - b.x * a.y;
  }
  const float sense = area > 0 ? 1.0f : -1.0f;
  const Box box = bounds(corners, 1);
  for (int y = box.y0; y < box.y1; ++y) {
    for (int x = box.x0; x < box.x1; ++x) {
      const Vec2 p = {static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
      float inside = 0.5f;  // signed distance to the nearest edge, at most what saturates
      for (std::size_t i = 0; i < corners.size(); ++i) {
        const Vec2 edge = corners[(i + 1) % corners.size()] - corners[i];
        inside = std::min(inside, sense * dot(p - corners[i], perpendicular(normalized(edge))));
      }
      if (inside > -0.5f) {
        blend(x, y, color, inside + 0.5f);
      }
    }
  }
}

void View::line(Vec2 a, Vec2 b, float width_a, float width_b, Rgb color) {
  const Box box = bounds(std::initializer_list<Vec2>{a, b}, 0.5f * std::max(width_a, width_b) + 1);
  const Vec2 span = b - a;
  const float inverse = 1 / std::max(dot(span, span), 1e-12f);
  for (int y = box.y0; y < box.y1; ++y) {
    for (int x = box.x0; x < box.x1; ++x) {
      const Vec2 p = {static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
      const float t = saturate(dot(p - a, span) * inverse);
      const float width = mix(width_a, width_b, t);
      const float drawn = std::max(width, 1.0f);
      const float amount = saturate(0.5f * drawn + 0.5f - length(p - a - span * t));
      if (amount > 0) {
        blend(x, y, color, amount * std::min(width, 1.0f));
      }
    }
  }
}

Rgb View::sample(Vec2 pixel) const {
  const float x = std::clamp(pixel.x - 0.5f, 0.0f, static_cast<float>(frame_.width - 1));
  const float y = std::clamp(pixel.y - 0.5f, 0.0f, static_cast<float>(frame_.height - 1));
  const int x0 = static_cast<int>(x);
  const int y0 = static_cast<int>(y);
  const int x1 = std::min(x0 + 1, frame_.width - 1);
  const int y1 = std::min(y0 + 1, frame_.height - 1);
  const float u = x - static_cast<float>(x0);
  return mix(mix(color(x0, y0), color(x1, y0), u), mix(color(x0, y1), color(x1, y1), u),
             y - static_cast<float>(y0));
}

}  // namespace gramgrad::apps::samples
