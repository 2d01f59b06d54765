// Gradient noise and its sums over octaves.
#include "apps/support/samples/noise.h"

#include <array>

namespace gramgrad::apps::samples {
namespace {

// Between octaves the lattice is turned as well as shrunk (by 2.02, arctan 3/4), so that the
// lattice directions of all octaves do not fall together and show.
constexpr float octave_cos = 1.616f;
constexpr float octave_sin = 1.212f;

Vec2 next_octave(Vec2 p) {
  return {octave_cos * p.x - octave_sin * p.y + 17.3f, octave_sin * p.x + octave_cos * p.y - 9.1f};
}

float fade(float t) {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

// std::floor is a call into the library where the compiler may not assume SSE4.1, and the pictures
// consist of little but noise.
std::int32_t floor_to_int(float x) {
  const auto truncated = static_cast<std::int32_t>(x);
  return truncated - (x < static_cast<float>(truncated) ? 1 : 0);
}

// The unit square that a point lies in, and where in it.
struct Cell {
  explicit Cell(Vec2 p)
      : x(floor_to_int(p.x)),
        y(floor_to_int(p.y)),
        fx(p.x - static_cast<float>(x)),
        fy(p.y - static_cast<float>(y)) {}
  std::int32_t x, y;
  float fx, fy;
};

constexpr float diagonal = 0.70710678f;
constexpr std::array<Vec2, 8> directions = {{{1, 0},
                                             {-1, 0},
                                             {0, 1},
                                             {0, -1},
                                             {diagonal, diagonal},
                                             {-diagonal, diagonal},
                                             {diagonal, -diagonal},
                                             {-diagonal, -diagonal}}};

// Dot product of the lattice point's gradient (one of eight directions) and the offset (dx, dy).
inline float gradient_dot(std::uint32_t hash, float dx, float dy) {
  const Vec2 gradient = directions[hash >> 29];
  return gradient.x * dx + gradient.y * dy;
}

}  // namespace

float value_noise(Vec2 p, std::uint32_t seed) {
  const Cell c(p);
  const float u = c.fx * c.fx * (3 - 2 * c.fx);
  const float v = c.fy * c.fy * (3 - 2 * c.fy);
  const float top = mix(lattice_uniform(c.x, c.y, seed), lattice_uniform(c.x + 1, c.y, seed), u);
  const float bottom =
      mix(lattice_uniform(c.x, c.y + 1, seed), lattice_uniform(c.x + 1, c.y + 1, seed), u);
  return mix(top, bottom, v);
}

float noise(Vec2 p, std::uint32_t seed) {
  const Cell c(p);
  const float u = fade(c.fx);
  const float v = fade(c.fy);
  const float top = mix(gradient_dot(lattice_hash(c.x, c.y, seed), c.fx, c.fy),
                        gradient_dot(lattice_hash(c.x + 1, c.y, seed), c.fx - 1, c.fy), u);
  const float bottom =
      mix(gradient_dot(lattice_hash(c.x, c.y + 1, seed), c.fx, c.fy - 1),
          gradient_dot(lattice_hash(c.x + 1, c.y + 1, seed), c.fx - 1, c.fy - 1), u);
  return mix(top, bottom, v);
}

float fbm(Vec2 p, int octaves, float gain, std::uint32_t seed) {
  float sum = 0;
  float amplitude = 1;
  float total = 0;
  for (int i = 0; i < octaves; ++i) {
    sum += amplitude * noise(p, seed + static_cast<std::uint32_t>(i));
    total += amplitude;
    amplitude *= gain;
    p = next_octave(p);
  }
  return sum / total;
}

float ridged_fbm(Vec2 p, int octaves, float gain, std::uint32_t seed) {
  float sum = 0;
  float amplitude = 1;
  float total = 0;
  float weight = 1;
  for (int i = 0; i < octaves; ++i) {
    const float crest = 1 - std::abs(noise(p, seed + static_cast<std::uint32_t>(i)) * 1.4f);
    const float ridge = crest * crest * weight;
    sum += amplitude * ridge;
    total += amplitude;
    weight = saturate(ridge * 1.6f);
    amplitude *= gain;
    p = next_octave(p);
  }
  return saturate(sum / total);
}

}  // namespace gramgrad::apps::samples
