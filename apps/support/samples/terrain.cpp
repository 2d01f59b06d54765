// The land as the camera sees it.
//
// Drawn column by column from near to far: what rises above everything before it is visible and is
// shaded once. (The "voxel space" method of early flight simulators: no triangles, no ray search.)
#include "apps/support/samples/terrain.h"

#include <vector>

#include "apps/support/samples/daylight.h"
#include "apps/support/samples/ground.h"
#include "apps/support/samples/noise.h"

namespace gramgrad::apps::samples {
namespace {

constexpr float nearest = 0.45f;
constexpr float farthest = 15.0f;

Rgb surface(Vec2 p, float height, Vec3 normal) {
  const float patch = 0.8f * noise(p * 7, 41) + 0.5f * noise(p * 150, 45);
  const Rgb meadow = mix({0.150f, 0.175f, 0.040f}, {0.26f, 0.22f, 0.075f}, 0.5f + patch);
  const Rgb needles = mix({0.020f, 0.046f, 0.018f}, {0.062f, 0.070f, 0.018f}, 0.5f + patch);
  // Layers of stone, slightly tilted.
  const float strata = noise({p.x * 0.6f, height * 26 + p.x * 3}, 42);
  const Rgb rock = mix({0.17f, 0.145f, 0.135f}, {0.34f, 0.29f, 0.25f}, 0.5f + strata);
  const Rgb snow = {0.88f, 0.90f, 0.95f};

  const float woods = wood(p, height);
  Rgb color = mix(meadow, needles, woods);
  color = mix(rock, color, smoothstep(0.0008f, 0.0030f, height + 0.001f * patch));  // pebbles
  const float rough = 0.10f * fbm(p * 5, 3, 0.5f, 43);
  color = mix(color, rock, smoothstep(0.50f, 0.80f, height + rough * 2));
  color = mix(color, rock,
              smoothstep(0.80f, 0.55f, normal.y) * smoothstep(0.2f, 0.4f, height) * (1 - woods));
  const float holds = smoothstep(0.38f, 0.62f, normal.y + rough);
  return mix(color, snow, holds * smoothstep(0.85f, 1.20f, height + rough * 3));
}

// A place on the ground as the column's march found it.
struct Sample {
  Vec2 place;
  float height = -1;
  Vec3 normal = {0, 1, 0};
};

Rgb shaded(const Sample& s, Vec3 direction, const Sunshine& sunshine) {
  const float lit = sunshine.share({s.place.x, s.height + 0.004f, s.place.y});
  const Rgb color = matte(surface(s.place, s.height, s.normal), s.normal, lit);
  return through_air(color, direction, s.place.y, s.height);
}

// Draws the columns from left to right and remembers the heights of the one before, so that slopes
// cost no further evaluation of the ground.
class Surveyor {
 public:
  Surveyor(View& view, const Sunshine& sunshine) : view_(view), sunshine_(sunshine) {
    const float growth = 1 + 2 / view.frame().unit;
    for (float z = nearest; z < farthest; z *= growth) {
      distances_.push_back(z);
    }
    heights_.resize(distances_.size());
    tangent_ = tangent_of(-1);
    for (std::size_t i = 0; i < distances_.size(); ++i) {
      heights_[i] = height_with_trees({tangent_ * distances_[i], distances_[i]}, octaves);
    }
  }

  void draw_column(int x) {
    const bool mirrored = view_.mirrored();
    tangent_ = tangent_of(x);
    float edge = mirrored ? 0.0f : static_cast<float>(view_.frame().height);
    Sample before;
    for (std::size_t i = 0; i < distances_.size(); ++i) {
      const Sample s = next_sample(i, before.height);
      const float y = view_.project({s.place.x, s.height, s.place.y}).y;
      const float foot = view_.project({s.place.x, 0, s.place.y}).y;
      // Where land begins anew behind water, its mirror image shows between both feet.
      if (mirrored && before.height < 0) {
        edge = foot;
      }
      before = s;
      if (s.height < 0 || (mirrored ? y <= edge : y >= edge)) {
        continue;
      }
      fill(x, mirrored ? std::max(edge, foot) : y, mirrored ? y : std::min(edge, foot), s);
      edge = y;
    }
  }

 private:
  static constexpr int octaves = 9;

  float tangent_of(int x) const {
    return (static_cast<float>(x) + 0.5f - view_.frame().center.x) / view_.frame().focal;
  }

  Sample next_sample(std::size_t i, float height_before) {
    const float z = distances_[i];
    Sample s;
    s.place = {tangent_ * z, z};
    s.height = height_with_trees(s.place, octaves);
    const float across = (s.height - heights_[i]) * view_.frame().focal / z;
    const float ahead = i > 0 ? (s.height - height_before) / (z - distances_[i - 1]) : 0;
    s.normal = normalized(Vec3{-across, 1, -ahead});
    heights_[i] = s.height;
    return s;
  }

  void fill(int x, float from, float to, const Sample& s) {
    const int rows = view_.frame().height;
    const int first = std::clamp(static_cast<int>(std::floor(from)), 0, rows);
    const int last = std::clamp(static_cast<int>(std::ceil(to)), 0, rows);
    if (first >= last) {
      return;
    }
    const Rgb color = shaded(s, normalized(Vec3{tangent_, s.height / s.place.y, 1}), sunshine_);
    for (int row = first; row < last; ++row) {
      const float top = std::max(from, static_cast<float>(row));
      const float bottom = std::min(to, static_cast<float>(row + 1));
      view_.blend_behind(x, row, color, saturate(bottom - top));
    }
  }

  View& view_;
  const Sunshine& sunshine_;
  std::vector<float> distances_;
  std::vector<float> heights_;  // of the previous column
  float tangent_ = 0;           // x over z of the column being drawn
};

}  // namespace

void draw_terrain(View& view, const Sunshine& sunshine) {
  Surveyor surveyor(view, sunshine);
  for (int x = 0; x < view.frame().width; ++x) {
    surveyor.draw_column(x);
  }
}

}  // namespace gramgrad::apps::samples
