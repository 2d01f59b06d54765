// The island village, its bridge and the boat, as flat shapes standing in the world.
#include "apps/support/samples/scenery.h"

#include <array>
#include <initializer_list>

#include "apps/support/samples/daylight.h"
#include "apps/support/samples/ground.h"
#include "apps/support/samples/noise.h"

namespace gramgrad::apps::samples {
namespace {

// Normals of what the low sun meets: walls towards it, walls away from it, roofs.
constexpr Vec3 lit_wall = {-0.85f, 0, -0.53f};
constexpr Vec3 shaded_wall = {0.8f, 0, -0.6f};
constexpr Vec3 roof_slope = {0.35f, 0.75f, -0.56f};

constexpr Rgb plaster = {0.78f, 0.72f, 0.62f};
constexpr Rgb tiles = {0.46f, 0.13f, 0.06f};
constexpr Rgb slate = {0.10f, 0.13f, 0.17f};
constexpr Rgb masonry = {0.33f, 0.275f, 0.22f};

// A sheet of paper standing upright in the world at `origin`; shapes are drawn on it in metres,
// x to the right and y up.
class Sheet {
 public:
  Sheet(View& view, Vec3 origin) : view_(view), origin_(origin) {}

  void polygon(std::initializer_list<Vec2> corners, Rgb albedo, Vec3 normal) {
    std::array<Vec2, 8> pixels;
    std::size_t count = 0;
    for (const Vec2 corner : corners) {
      pixels[count++] = pixel(corner);
    }
    view_.polygon({pixels.data(), count}, color(albedo, normal));
  }
  void line(Vec2 a, Vec2 b, float width_a, float width_b, Rgb albedo, Vec3 normal) {
    const float metre = view_.scale(origin_.z) * 0.001f;
    view_.line(pixel(a), pixel(b), width_a * metre, width_b * metre, color(albedo, normal));
  }
  void disc(Vec2 center, float diameter, Rgb albedo, Vec3 normal) {
    line(center, center, diameter, diameter, albedo, normal);
  }

 private:
  Vec2 pixel(Vec2 p) const {
    return view_.project({origin_.x + p.x * 0.001f, origin_.y + p.y * 0.001f, origin_.z});
  }
  Rgb color(Rgb albedo, Vec3 normal) const {
    const Vec3 direction = normalized(Vec3{origin_.x / origin_.z, 0, 1});
    return through_air(matte(albedo, normalized(normal), 1), direction, origin_.z, 0.03f);
  }

  View& view_;
  Vec3 origin_;
};

// On the island's ground, `x` and `z` from its centre in metres.
Vec3 on_island(float x, float z) {
  const Vec2 p = island_center + Vec2{x, z} * 0.001f;
  return {p.x, std::max(bare_height(p, 4), 0.001f), p.y};
}

// Seen over a corner: the gable in the sun on the left, the long side with its roof on the right.
void draw_house(View& view, Vec3 at, float size, Rgb wall, Rgb roof) {
  Sheet sheet(view, at);
  const float gable = 0.45f * size;
  const float side = 0.75f * size;
  const float eaves = 0.42f * size;
  const float ridge = 0.80f * size;
  sheet.polygon({{-gable, -2}, {0, -2}, {0, eaves}, {-gable / 2, ridge}, {-gable, eaves}}, wall,
                lit_wall);
  sheet.polygon({{0, -2}, {side, -2}, {side, eaves}, {0, eaves}}, wall, shaded_wall);
  sheet.polygon({{-gable / 2, ridge},
                 {side - gable / 2, ridge},
                 {side * 1.04f, eaves * 0.94f},
                 {-0.02f * size, eaves * 0.94f}},
                roof, roof_slope);
  const Rgb pane = {0.05f, 0.05f, 0.06f};
  for (const float x : {0.15f, 0.42f, 0.68f}) {
    const float left = x * side;
    sheet.polygon({{left, 0.14f * size},
                   {left + 0.1f * size, 0.14f * size},
                   {left + 0.1f * size, 0.30f * size},
                   {left, 0.30f * size}},
                  pane, shaded_wall);
  }
}

void draw_church(View& view, Vec3 at) {
  draw_house(view, {at.x + 0.004f, at.y, at.z}, 27, plaster, tiles);
  Sheet sheet(view, at);
  constexpr float left = -7;
  constexpr float corner = -1.5f;
  constexpr float right = 2.5f;
  constexpr float top = 33;
  sheet.polygon({{left, -2}, {corner, -2}, {corner, top}, {left, top}}, plaster, lit_wall);
  sheet.polygon({{corner, -2}, {right, -2}, {right, top}, {corner, top}}, plaster, shaded_wall);
  // Spire: two faces that meet above the tower's middle.
  const Vec2 tip = {0.5f * (left + right), 58};
  sheet.polygon({{left - 0.6f, top}, {corner, top - 0.8f}, tip}, slate * 2.2f,
                {-0.8f, 0.3f, -0.5f});
  sheet.polygon({{corner, top - 0.8f}, {right + 0.6f, top}, tip}, slate, {0.8f, 0.3f, -0.5f});
  const Rgb dark = {0.06f, 0.05f, 0.05f};
  for (const float y : {8.0f, 23.0f}) {
    sheet.polygon({{-5.2f, y}, {-3.4f, y}, {-3.4f, y + 4.5f}, {-5.2f, y + 4.5f}}, dark, lit_wall);
  }
  sheet.line(tip, tip + Vec2{0, 5}, 0.7f, 0.4f, {0.8f, 0.6f, 0.2f}, lit_wall);
}

// A crown of many tufts, each as bright as its place on the crown faces the sun.
void draw_tree(View& view, Vec3 at, float height, bool conifer, Random& random) {
  Sheet sheet(view, at);
  const Rgb leaf = conifer ? Rgb{0.030f, 0.062f, 0.022f} : Rgb{0.11f, 0.125f, 0.025f};
  sheet.line({0, -1}, {0, 0.4f * height}, 1.2f, 0.8f, {0.06f, 0.045f, 0.03f}, lit_wall);
  constexpr int tufts = 110;
  for (int i = 0; i < tufts; ++i) {
    // From the back of the crown to the front, so that nearer tufts cover farther ones.
    const float front = static_cast<float>(i) / tufts;
    const float up = random.uniform();
    const float half =
        conifer ? 0.24f * (1 - up) : 0.42f * std::sqrt(1 - (2 * up - 1) * (2 * up - 1));
    const float across = random.uniform(-1, 1);
    const Vec2 p = {across * half * height, (0.2f + 0.8f * up) * height};
    const Vec3 normal = {across, 1.6f * (up - 0.4f), -front};
    sheet.disc(p, height * (conifer ? 0.05f + 0.09f * (1 - up) : 0.14f),
               leaf * random.uniform(0.7f, 1.5f), normal);
  }
}

// Stone arches from beyond the left edge to the island.
void draw_bridge(View& view) {
  Sheet sheet(view, {island_center.x - 0.098f, 0, island_center.y});
  constexpr int arches = 11;
  constexpr float span = 32;
  constexpr float deck = 13.5f;
  constexpr int slices = 16;  // per arch; each a quadrangle between the vault and the deck
  const auto vault = [](float t) {
    const float u = (2 * t - 1) / 0.80f;
    return std::abs(u) < 1 ? 10.5f * std::sqrt(1 - u * u) : -1.0f;
  };
  for (int i = 0; i < arches * slices; ++i) {
    const int arch = i / slices;
    const float t0 = static_cast<float>(i % slices) / slices;
    const float t1 = t0 + 1.06f / slices;  // overlaps the next one, against seams
    const float x0 = -span * (static_cast<float>(arch) + t0);
    const float x1 = x0 - span * (t1 - t0);
    const Rgb stone = masonry * (0.85f + 0.3f * lattice_uniform(i, 0, 61));
    sheet.polygon({{x0, vault(t0)}, {x1, vault(std::min(t1, 1.0f))}, {x1, deck}, {x0, deck}}, stone,
                  {-0.45f, 0.2f, -0.87f});
  }
  const float end = -span * arches;
  sheet.polygon({{6, deck - 1.2f}, {end, deck - 1.2f}, {end, deck + 1.4f}, {6, deck + 1.4f}},
                masonry * 1.3f, {-0.3f, 0.6f, -0.74f});
}

}  // namespace

void draw_village(View& view) {
  Random random(2015);
  draw_bridge(view);
  const Rgb cream = {0.80f, 0.66f, 0.44f};
  const Rgb rose = {0.72f, 0.45f, 0.34f};
  for (const float x : {-78.0f, -30.0f, 22.0f, 52.0f, 88.0f}) {
    const float height = random.uniform(19, 27);
    draw_tree(view, on_island(x, 20), height, random.chance(0.4f), random);
  }
  draw_house(view, on_island(-52, 4), 19, cream, tiles);
  draw_house(view, on_island(34, 6), 20, plaster, tiles * 0.8f);
  draw_church(view, on_island(-4, 0));
  draw_house(view, on_island(-34, -18), 16, rose, tiles * 1.2f);
  draw_house(view, on_island(56, -14), 17, cream, tiles);
  for (const float x : {-92.0f, -66.0f, -14.0f, 14.0f, 36.0f, 84.0f, 98.0f}) {
    const float height = random.uniform(9, 16);
    draw_tree(view, on_island(x, -24), height, random.chance(0.35f), random);
  }
}

void draw_boat(View& view) {
  Sheet sheet(view, {0.038f, 0, 0.215f});
  const Rgb canvas = {0.92f, 0.88f, 0.80f};
  const Rgb hull = {0.50f, 0.045f, 0.030f};
  const Rgb wood = {0.30f, 0.17f, 0.08f};
  const Vec3 towards_sun = {-0.8f, 0.1f, -0.6f};
  sheet.polygon({{-8.4f, 1.6f}, {8.0f, 1.5f}, {6.6f, 0.0f}, {-6.2f, 0.0f}}, hull, towards_sun);
  sheet.polygon({{-8.6f, 1.9f}, {8.2f, 1.8f}, {8.0f, 1.4f}, {-8.4f, 1.5f}}, canvas, towards_sun);
  sheet.polygon({{0.5f, 1.8f}, {5.2f, 1.8f}, {4.6f, 3.0f}, {1.0f, 3.0f}}, wood * 1.6f, towards_sun);
  // The mainsail bellies: strips between mast and leech, the last ones turned from the sun.
  constexpr int strips = 7;
  const auto leech = [](float t) { return mix(8.2f, 0.5f, t) + 1.7f * std::sin(pi * t); };
  for (int i = 0; i < strips; ++i) {
    const float t0 = static_cast<float>(i) / strips;
    const float t1 = static_cast<float>(i + 1) / strips;
    const float y0 = mix(3.4f, 22.0f, t0);
    const float y1 = mix(3.4f, 22.0f, t1) + 0.1f;
    const bool striped = i == 4;
    sheet.polygon({{0, y0}, {leech(t0), y0}, {leech(t1), y1}, {0, y1}},
                  striped ? hull * 1.3f : canvas, {-0.55f, 0.1f + 0.25f * t0, -0.8f});
  }
  sheet.polygon({{-0.6f, 20.0f}, {-0.8f, 4.6f}, {-3.0f, 3.6f}, {-8.2f, 2.6f}}, canvas * 0.95f,
                {-0.9f, 0.25f, -0.4f});
  sheet.line({0, 1.5f}, {0, 23.5f}, 0.34f, 0.2f, wood, towards_sun);
  sheet.line({0, 3.2f}, {8.6f, 3.2f}, 0.25f, 0.2f, wood, towards_sun);
  sheet.polygon({{0, 23.4f}, {3.0f, 22.9f}, {0, 22.3f}}, hull * 1.6f, towards_sun);
}

}  // namespace gramgrad::apps::samples
