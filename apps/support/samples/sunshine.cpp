// Shadows of the mountains: a walk from each point towards the sun.
#include "apps/support/samples/sunshine.h"

#include "apps/support/samples/daylight.h"
#include "apps/support/samples/ground.h"

namespace gramgrad::apps::samples {
namespace {

// All that is seen, and on the left what throws shadows into it.
constexpr Vec2 corner = {-11.5f, 0.2f};
constexpr float spacing = 0.045f;
constexpr int height_columns = 440;
constexpr int height_rows = 335;

}  // namespace

Sunshine::Sunshine() : heights_(static_cast<std::size_t>(height_rows) * height_columns) {
  for (int row = 0; row < height_rows; ++row) {
    for (int column = 0; column < height_columns; ++column) {
      const Vec2 p = corner + Vec2{static_cast<float>(column), static_cast<float>(row)} * spacing;
      heights_[static_cast<std::size_t>(row) * height_columns + static_cast<std::size_t>(column)] =
          bare_height(p, 6);
    }
  }
}

float Sunshine::height(Vec2 p) const {
  const Vec2 q = (p - corner) * (1 / spacing);
  const float x = std::clamp(q.x, 0.0f, static_cast<float>(height_columns - 2));
  const float y = std::clamp(q.y, 0.0f, static_cast<float>(height_rows - 2));
  const auto column = static_cast<std::size_t>(x);
  const auto row = static_cast<std::size_t>(y);
  const float* near = &heights_[row * height_columns + column];
  const float* far = near + height_columns;
  const float u = std::min(x - static_cast<float>(column), 1.0f);
  return mix(mix(near[0], near[1], u), mix(far[0], far[1], u),
             std::min(y - static_cast<float>(row), 1.0f));
}

float Sunshine::share(Vec3 p) const {
  float share = 1;
  for (float t = 0.05f; t < 3.6f; t *= 1.22f) {
    const Vec3 q = p + to_sun * t;
    const float clearance = q.y - height({q.x, q.z});
    share = std::min(share, 0.5f + 9 * clearance / t);
    if (share <= 0) {
      return 0;
    }
  }
  return share;
}

}  // namespace gramgrad::apps::samples
