// The near bank of the sample landscape: what frames the view and gives it depth.
#include "apps/support/samples/daylight.h"
#include "apps/support/samples/noise.h"
#include "apps/support/samples/scenery.h"

namespace gramgrad::apps::samples {
namespace {

// Places are as in View::place: from the horizon's centre, reference heights, y down.
float bank_edge(float x) {
  const float right = 0.19f * smoothstep(0.12f, 0.75f, x);
  const float left = 0.055f * smoothstep(-0.30f, -0.75f, x);
  return 0.425f - right - left + 0.012f * noise({x * 9, 2.2f}, 51);
}

Rgb near_light(Rgb albedo, Vec3 normal) {
  return matte(albedo, normalized(normal), 1);
}

// One blade from its root, bent by the wind, in two pieces.
void draw_blade(View& view, Vec2 root, float height, Rgb color, Random& random) {
  const float lean = height * (0.25f + 0.7f * random.jitter());
  const Vec2 middle = root + Vec2{0.3f * lean, -0.6f * height};
  const Vec2 tip = root + Vec2{lean, -height};
  const float width = 0.0022f * view.frame().unit;
  view.line(view.place(root), view.place(middle), width, 0.75f * width, color);
  view.line(view.place(middle), view.place(tip), 0.75f * width, 0.15f * width, color);
}

void draw_ground(View& view) {
  const float step = 0.004f;
  for (float x = -1.0f; x < 1.0f; x += step) {
    const Vec2 corners[] = {view.place({x, bank_edge(x)}),
                            view.place({x + 1.1f * step, bank_edge(x + 1.1f * step)}),
                            view.place({x + 1.1f * step, 0.6f}), view.place({x, 0.6f})};
    view.polygon(corners, near_light({0.035f, 0.045f, 0.014f}, {0, 1, -0.3f}));
  }
}

// From the edge down to the viewer's feet, so that nearer blades stand before farther ones.
void draw_meadow(View& view, Random& random) {
  constexpr int rows = 40;
  for (int row = 0; row < rows; ++row) {
    const float near = static_cast<float>(row) / rows;
    for (float x = -0.8f; x < 0.8f; x += 0.0042f) {
      const Vec2 root = {x + 0.005f * random.jitter(), bank_edge(x) + 0.24f * near};
      if (root.y > 0.5f) {
        continue;
      }
      const float patch = 0.5f + noise(Vec2{root.x * 7, root.y * 16}, 52);
      const Rgb green = mix({0.040f, 0.075f, 0.020f}, {0.15f, 0.165f, 0.045f}, saturate(patch));
      const Rgb color = near_light(green * random.uniform(0.55f, 1.35f), {-0.5f, 0.7f, -0.5f});
      draw_blade(view, root, (0.018f + 0.022f * near) * random.uniform(0.5f, 1.3f), color, random);
      if (random.chance(0.006f + 0.08f * smoothstep(0.65f, 0.95f, patch))) {
        const Rgb petals[] = {{0.85f, 0.07f, 0.03f}, {0.92f, 0.62f, 0.05f}, {0.85f, 0.85f, 0.90f}};
        const float size = (0.0035f + 0.0035f * near) * view.frame().unit;
        const Vec2 at = view.place(root - Vec2{0, 0.02f + 0.02f * near});
        view.line(at, at, size, size, near_light(petals[random.below(3)], {-0.6f, 0.5f, -0.6f}));
      }
    }
  }
}

// One bough of a spruce, drooping from the trunk, set with twigs that hang from it. `toward` runs
// from −1 for a bough that points away from the viewer to 1 for one that points at them.
void draw_bough(View& view, Vec2 root, Vec2 reach, float toward, float twig, Random& random) {
  const float unit = view.frame().unit;
  const int twigs = 8 + static_cast<int>(1100 * std::abs(reach.x) * random.uniform(0.15f, 0.25f));
  for (int i = 0; i < twigs; ++i) {
    const float t = (static_cast<float>(i) + random.uniform()) / static_cast<float>(twigs);
    // Down from the trunk and up again at the tip.
    const Vec2 p = root + Vec2{reach.x * t, reach.y * std::sin(2.5f * t)};
    const float outwards = 0.5f * reach.x * random.uniform(0.0f, 0.3f);
    const Vec2 q = p + Vec2{outwards + 0.7f * twig * random.jitter(),
                            twig * random.uniform(0.3f, 1.0f) * (1.2f - 0.7f * t)};
    const Rgb needles = mix({0.010f, 0.026f, 0.014f}, {0.050f, 0.072f, 0.026f}, random.uniform());
    // Inside and behind it is dark; tips on the sunny side catch the light.
    const float open = (0.35f + 0.75f * t) * (0.75f + 0.25f * toward);
    const Vec3 normal = {reach.x * 12 + random.jitter(), 0.3f + random.jitter(), -0.4f - toward};
    view.line(view.place(p), view.place(q), 0.0030f * unit, 0.0008f * unit,
              near_light(needles * open, normal));
  }
}

void draw_spruce(View& view, Vec2 foot, float height, Random& random) {
  const Vec2 tip = foot - Vec2{0, height};
  const float unit = view.frame().unit;
  const int boughs = static_cast<int>(560 * height);
  const auto draw_half = [&](float facing) {
    for (int i = 0; i < boughs; ++i) {
      // Low boughs first: upper ones hang over them.
      const float up =
          0.08f + 0.91f * (static_cast<float>(i) + random.uniform()) / static_cast<float>(boughs);
      const float azimuth = random.uniform(0, pi);
      const float reach =
          (height * 0.20f * std::pow(1 - up, 0.85f) + 0.006f) * random.uniform(0.55f, 1.12f);
      const Vec2 along = {reach * std::cos(azimuth), reach * (random.uniform(0.10f, 0.30f) +
                                                              0.12f * facing * std::sin(azimuth))};
      draw_bough(view, mix(foot, tip, up), along, facing * std::sin(azimuth),
                 0.10f * reach + 0.010f, random);
    }
  };
  draw_half(-1);
  view.line(view.place(foot), view.place(tip), 0.020f * height * unit, 0.002f * unit,
            near_light({0.032f, 0.024f, 0.018f}, {-0.7f, 0, -0.7f}));
  draw_half(1);
}

}  // namespace

void draw_foreground(View& view) {
  Random random(1889);
  draw_spruce(view, {0.47f, 0.40f}, 0.62f, random);
  draw_ground(view);
  draw_spruce(view, {0.655f, 0.43f}, 0.93f, random);
  draw_meadow(view, random);
}

}  // namespace gramgrad::apps::samples
