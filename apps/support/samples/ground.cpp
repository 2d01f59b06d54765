// The land as a height field: hills with woods, mountains, a headland and an island.
#include "apps/support/samples/ground.h"

#include "apps/support/samples/noise.h"

namespace gramgrad::apps::samples {
namespace {

constexpr float tree_height = 0.020f;

// No nearer than this is the far shore, and no farther are headland and island.
constexpr float shore_begins = 2.2f;

// Distance behind the far shore; negative on the lake.
float inland(Vec2 p) {
  return p.y - 2.25f - 0.5f * noise({p.x * 0.8f, 0.7f}, 31);
}

// A wooded headland that comes in from the right, halfway to the far shore.
float headland(Vec2 p) {
  if (p.x < 0.3f || std::abs(p.y - 1.55f) > 0.8f) {
    return -1;
  }
  const float x = p.x - 0.42f - 0.10f * noise({p.y * 3, 4.1f}, 32);
  const float z = (p.y - 1.55f) * 1.7f;
  return 0.19f * smoothstep(0.0f, 0.75f, x - z * z) - 0.012f;
}

float island(Vec2 p) {
  const Vec2 d = {(p.x - island_center.x) / 0.115f, (p.y - island_center.y) / 0.075f};
  const float dome = 1 - dot(d, d);
  return dome > -0.3f ? 0.026f * dome + 0.006f * fbm(p * 25, 4, 0.5f, 33) : -1;
}

// A single summit: a cone that mountains(·)'s ridges carve.
float summit(Vec2 p, Vec2 top, float radius) {
  return std::max(0.0f, 1 - length(p - top) / radius);
}

float mountains(Vec2 p, int octaves) {
  const float ridges = ridged_fbm(p * 0.36f + Vec2{3.1f, 0.4f}, octaves, 0.45f, 34);
  const float mass = 0.55f + 1.15f * summit(p, {-1.35f, 7.6f}, 3.1f) +
                     0.75f * summit(p, {2.6f, 8.6f}, 2.6f) + 0.5f * summit(p, {-4.6f, 9.5f}, 2.6f);
  return 2.05f * mass * ridges * (0.25f + 0.75f * ridges);
}

// Height of the treetops over the ground: a cone at a random place in each cell of a grid.
float treetops(Vec2 p) {
  constexpr float cell = 0.014f;
  const Vec2 q = p * (1 / cell);
  const auto cx = static_cast<std::int32_t>(std::floor(q.x));
  const auto cy = static_cast<std::int32_t>(std::floor(q.y));
  float top = 0;
  for (std::int32_t y = cy - 1; y <= cy + 1; ++y) {
    for (std::int32_t x = cx - 1; x <= cx + 1; ++x) {
      const Vec2 trunk = {static_cast<float>(x) + lattice_uniform(x, y, 38),
                          static_cast<float>(y) + lattice_uniform(x, y, 39)};
      const float size = 0.6f + 0.4f * lattice_uniform(x, y, 40);
      top = std::max(top, size * (1 - 0.8f * length(q - trunk)));
    }
  }
  return tree_height * top;
}

}  // namespace

float bare_height(Vec2 p, int octaves) {
  float height = -0.02f;
  const float back = p.y > 1.7f ? inland(p) : -1;
  if (back > -0.05f) {
    const float hills = 0.42f + 0.9f * fbm(p * 0.85f, std::min(octaves, 5), 0.45f, 35);
    height = 0.012f + 0.05f * back + 0.30f * hills * smoothstep(0.05f, 1.6f, back);
    height += smoothstep(1.2f, 4.6f, back) * mountains(p, octaves);
    height *= smoothstep(-0.05f, 0.08f, back);
    height -= 0.02f * smoothstep(0.03f, -0.05f, back);
  }
  return p.y < shore_begins ? std::max({height, headland(p), island(p)}) : height;
}

float wood(Vec2 p, float height) {
  const float patches =
      smoothstep(-0.22f, 0.02f, noise(p * 1.9f, 36) + (headland(p) > 0 ? 0.5f : 0.0f));
  return patches * smoothstep(0.004f, 0.02f, height) *
         smoothstep(0.62f, 0.45f, height + 0.1f * noise(p * 3, 37));
}

float height_with_trees(Vec2 p, int octaves) {
  const float bare = bare_height(p, octaves);
  // Single trees show up to a few kilometres; the island has its own, drawn one by one.
  const bool wooded = p.y > 1.0f && p.y < 5.5f && bare > 0;
  return wooded ? bare + wood(p, bare) * treetops(p) : bare;
}

}  // namespace gramgrad::apps::samples
