// Sky, air and sun of the sample landscape.
#include "apps/support/samples/daylight.h"

#include "apps/support/samples/noise.h"

namespace gramgrad::apps::samples {
namespace {

constexpr Rgb zenith = {0.028f, 0.105f, 0.350f};
constexpr Rgb horizon = {0.58f, 0.66f, 0.76f};
constexpr Rgb evening = {1.15f, 0.66f, 0.34f};

// 0 away from the sun, 1 below it.
float sunward(Vec3 direction) {
  const Vec3 flat_sun = normalized(Vec3{to_sun.x, 0, 0.9f});
  return saturate(0.5f + 0.5f * dot(direction, flat_sun));
}

// Thickness of the cloud layer over a place on its plane.
float cloud_density(Vec2 p, int octaves) {
  const float cover = noise(p * 0.45f, 71) * 0.5f;
  return fbm(p, octaves, 0.52f, 72) + cover + 0.09f;
}

}  // namespace

Rgb sky_color(Vec3 direction) {
  const float up = std::max(direction.y, 0.0f);
  const float warm = std::pow(sunward(direction), 3.0f);
  Rgb color = mix(horizon, zenith, 1 - std::exp(-up * 4.8f));
  color = mix(color, evening, warm * std::exp(-up * 7.5f) * 0.85f);

  // Clouds lie on a plane that bends down at the horizon; seen flat, hence stretched, far away.
  const Vec2 p = Vec2{direction.x * 1.1f, 1.6f} * (1 / (up + 0.16f));
  const float density = cloud_density(p, 7);
  const float amount = smoothstep(0.0f, 0.20f, density) * smoothstep(0.0f, 0.08f, up);
  if (amount > 0) {
    // The less cloud there is on the way to the sun, the more light comes through.
    const float ahead = cloud_density(p + Vec2{-0.22f, 0.10f}, 4);
    const float light = saturate(0.62f - 1.5f * ahead + 0.35f * (density - ahead));
    const Rgb shade = mix({0.34f, 0.38f, 0.50f}, {0.62f, 0.42f, 0.40f}, warm);
    const Rgb bright = mix({1.12f, 1.02f, 0.92f}, {1.35f, 0.95f, 0.60f}, warm);
    color = mix(color, mix(shade, bright, light), amount * 0.92f);
  }
  return color;
}

Rgb through_air(Rgb color, Vec3 direction, float distance, float up) {
  const float mist = 0.8f + 1.1f * std::exp(-std::max(up, 0.0f) / 0.15f);
  const float depth = distance * mist;
  // Blue light is scattered most: distant things lose it, and the air shows it.
  const Rgb passed = {std::exp(-depth / 36), std::exp(-depth / 29), std::exp(-depth / 20)};
  const Rgb air =
      mix({0.34f, 0.46f, 0.66f}, {0.92f, 0.66f, 0.46f}, std::pow(sunward(direction), 3.0f));
  const Rgb added = {1 - passed.r, 1 - passed.g, 1 - passed.b};
  return color * passed + air * added;
}

Rgb matte(Rgb albedo, Vec3 normal, float lit) {
  const float sun = std::max(dot(normal, to_sun), 0.0f) * lit;
  return albedo * (sunlight * sun + skylight * (0.55f + 0.45f * normal.y));
}

}  // namespace gramgrad::apps::samples
