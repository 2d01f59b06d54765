// The motif of the sample painting: lights turning in a blue sky over ochre fields.
#include "apps/support/samples/motif.h"

#include <array>
#include <span>

#include "apps/support/samples/noise.h"

namespace gramgrad::apps::samples {
namespace {

constexpr Rgb hex(std::uint32_t rgb) {
  return {static_cast<float>(rgb >> 16 & 255) / 255, static_cast<float>(rgb >> 8 & 255) / 255,
          static_cast<float>(rgb & 255) / 255};
}

constexpr Rgb vermilion = hex(0xd6451f);
constexpr Rgb cadmium_orange = hex(0xf08a1d);
constexpr Rgb titanium_white = hex(0xfbf6e3);

// Night to light: Prussian blue, ultramarine, cobalt, cerulean, turquoise, pale jade, cream.
constexpr std::array<Rgb, 8> sky_ramp = {hex(0x0b1436), hex(0x14236b), hex(0x1f3fa8),
                                         hex(0x2a66c8), hex(0x2f93c4), hex(0x5cbcc0),
                                         hex(0xa9dcc4), hex(0xf3efcf)};
// Rim to core of a light: deep orange, ochre, cadmium yellow, lemon, white.
constexpr std::array<Rgb, 5> light_ramp = {hex(0xc8641a), hex(0xe39a1f), hex(0xf7c325),
                                           hex(0xfbe36a), titanium_white};
// Furrow to ear: dark green, viridian, olive, ochre, golden, straw.
constexpr std::array<Rgb, 6> field_ramp = {hex(0x12303a), hex(0x1e5a4c), hex(0x6d7a2a),
                                           hex(0xc08a24), hex(0xe8b233), hex(0xf6dc7a)};
// Shade to light in the cypresses, and in the hills beyond the fields.
constexpr std::array<Rgb, 5> cypress_ramp = {hex(0x0a1a26), hex(0x0f3238), hex(0x1c5546),
                                             hex(0x4d7a3c), hex(0xa39a3a)};
constexpr std::array<Rgb, 5> hill_ramp = {hex(0x182a6e), hex(0x2a4f9a), hex(0x2f7f96),
                                          hex(0x58a08c), hex(0x9cc7a4)};

// Colour at t in [0, 1] along a ramp.
Rgb along(std::span<const Rgb> ramp, float t) {
  const float position = saturate(t) * static_cast<float>(ramp.size() - 1);
  const std::size_t i = std::min(static_cast<std::size_t>(position), ramp.size() - 2);
  return mix(ramp[i], ramp[i + 1], position - static_cast<float>(i));
}

}  // namespace

Motif::Motif(float aspect, float tall, std::uint64_t seed) : horizon_(0.72f * tall) {
  Random random(seed);
  noise_seed_ = static_cast<std::uint32_t>(random.bits());
  scatter_swirls(aspect, random);
  // Two cypresses near one side, the smaller one towards the middle.
  const float inwards = random.chance(0.5f) ? 1.0f : -1.0f;
  const auto from_side = [&](float x) { return (0.5f - inwards * (0.5f - x)) * aspect; };
  cypresses_ = {{{from_side(0.14f), tall}, 0.075f, 0.68f * tall},
                {{from_side(0.215f), tall}, 0.05f, 0.42f * tall}};
}

// Dart throwing: the largest swirl first, each at a distance from those before; one that finds no
// room is left out.
void Motif::scatter_swirls(float aspect, Random& random) {
  struct Wanted {
    float radius;
    bool glowing;
  };
  constexpr Wanted wanted[] = {{0.25f, false}, {0.21f, true}, {0.17f, false},
                               {0.13f, true},  {0.11f, true}, {0.11f, false},
                               {0.085f, true}, {0.07f, true}, {0.07f, true}};
  constexpr int attempts = 80;
  for (const Wanted& w : wanted) {
    for (int attempt = 0; attempt < attempts; ++attempt) {
      const Vec2 c = {random.uniform(0.02f, 0.98f) * aspect,
                      random.uniform(0.1f, 0.85f) * horizon_};
      if (std::all_of(swirls_.begin(), swirls_.end(), [&](const Swirl& s) {
            return length(c - s.center) > 0.92f * (w.radius + s.radius);
          })) {
        swirls_.push_back({c, w.radius, random.chance(0.5f) ? 1.0f : -1.0f, w.glowing});
        break;
      }
    }
  }
}

Motif::Ground Motif::ground_at(Vec2 p) const {
  for (const Cypress& c : cypresses_) {
    // A flame: widest at a third of its height, its outline licking to both sides.
    const float up = (c.foot.y - p.y) / c.height;
    if (up > 0 && up < 1) {
      const float sway = 0.35f * c.width * noise({up * 3, c.foot.x}, noise_seed_ + 17);
      const float lick = 1 + 0.5f * noise({up * 9, p.x < c.foot.x ? 1.5f : 7.5f}, noise_seed_ + 18);
      const float half = c.width * lick * std::pow(1 - up, 0.7f) * smoothstep(-0.3f, 0.3f, up);
      if (std::abs(p.x - c.foot.x - sway) < half) {
        return Ground::cypress;
      }
    }
  }
  const float hills = horizon_ + 0.16f * noise({p.x * 1.6f, 3.3f}, noise_seed_ + 11) +
                      0.04f * noise({p.x * 5, 8.1f}, noise_seed_ + 12);
  const float fields = horizon_ + 0.09f + 0.06f * noise({p.x * 1.2f, 5.7f}, noise_seed_ + 19);
  return p.y > fields ? Ground::field : p.y > hills ? Ground::hill : Ground::sky;
}

Vec2 Motif::flow(Vec2 p) const {
  switch (ground_at(p)) {
    case Ground::cypress:
      return normalized(Vec2{0.9f * noise({p.x * 9, p.y * 4}, noise_seed_ + 20), -1});
    case Ground::field:  // along the contour lines of rolling land
      return normalized(Vec2{1, 1.1f * noise({p.x * 1.7f, p.y * 2.6f}, noise_seed_ + 13)});
    case Ground::hill:
      return normalized(Vec2{1, 1.6f * noise({p.x * 3.1f, p.y * 3.1f}, noise_seed_ + 21)});
    case Ground::sky:
      break;
  }
  Vec2 wind = normalized(Vec2{1, 1.5f * noise({p.x * 1.5f, p.y * 2.2f}, noise_seed_ + 14)});
  for (const Swirl& s : swirls_) {
    const Vec2 arm = p - s.center;
    const float r = length(arm) / s.radius;
    if (r < 1.45f) {
      // Around the centre, slightly inwards: a spiral. It fades out beyond the radius, and at the
      // very centre too, where no brush could turn.
      const Vec2 turn = normalized(perpendicular(arm) * s.spin - arm * 0.18f);
      wind = normalized(mix(wind, turn, smoothstep(1.45f, 0.75f, r) * smoothstep(0.0f, 0.08f, r)));
    }
  }
  return wind;
}

Rgb Motif::color(Vec2 p, Random& random) const {
  switch (ground_at(p)) {
    case Ground::cypress: {
      const float tone = 0.36f + 0.8f * noise({p.x * 16, p.y * 5}, noise_seed_ + 22);
      return random.chance(0.05f) ? cadmium_orange
                                  : along(cypress_ramp, tone + 0.25f * random.jitter());
    }
    case Ground::hill: {
      const float tone = 0.45f + 0.8f * noise({p.x * 4, p.y * 9}, noise_seed_ + 23);
      return along(hill_ramp, tone + 0.2f * random.jitter());
    }
    case Ground::field:
      return field_color(p, random);
    case Ground::sky:
      break;
  }
  return sky_color(p, random);
}

Rgb Motif::sky_color(Vec2 p, Random& random) const {
  float tone = 0.36f + 0.6f * fbm({p.x * 2.1f, p.y * 3.4f}, 3, 0.5f, noise_seed_ + 15);
  tone += 0.2f * smoothstep(0.25f, 0.0f, horizon_ - p.y);  // paler over the land
  for (const Swirl& s : swirls_) {
    const Vec2 arm = p - s.center;
    const float r = length(arm) / s.radius;
    if (r > 1.4f) {
      continue;
    }
    const float angle = std::atan2(arm.y, arm.x) * s.spin;
    if (s.glowing) {
      // A white-hot core, then rings of warm strokes that thin out into the blue.
      const float glow = 1.08f - r / 0.8f + 0.1f * std::cos(14 * r + angle);
      if (glow + 0.28f * random.jitter() > 0.12f) {
        return along(light_ramp, glow + 0.18f * random.jitter());
      }
      tone = mix(tone, 0.72f + 0.3f * std::cos(12 * r), smoothstep(1.4f, 0.9f, r));
    } else {
      // Bands of light and dark that wind inwards, palest in the middle.
      const float band = std::cos(2 * angle + 9 * r);
      tone =
          mix(tone, mix(0.72f, 0.48f, saturate(2 * r)) + 0.34f * band, smoothstep(1.4f, 0.9f, r));
    }
  }
  if (random.chance(0.03f)) {
    return random.chance(0.5f) ? cadmium_orange : titanium_white;
  }
  return along(sky_ramp, tone + 0.2f * random.jitter());
}

Rgb Motif::field_color(Vec2 p, Random& random) const {
  const float furrow = noise({p.x * 2 + p.y * 3, p.y * 13}, noise_seed_ + 16);
  const float tone = 0.55f + 0.85f * furrow;
  if (random.chance(0.06f)) {
    return random.chance(0.7f) ? vermilion : along(sky_ramp, 0.45f);
  }
  return along(field_ramp, tone + 0.22f * random.jitter());
}

}  // namespace gramgrad::apps::samples
