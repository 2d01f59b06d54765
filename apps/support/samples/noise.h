// Gradient noise and its sums over octaves: the irregularity of clouds, mountains, waves and paint.
#pragma once

#include <cstdint>

#include "apps/support/samples/math.h"

namespace gramgrad::apps::samples {

// A well-mixed word for a lattice point.
inline std::uint32_t lattice_hash(std::int32_t x, std::int32_t y, std::uint32_t seed) {
  std::uint32_t h = static_cast<std::uint32_t>(x) * 0x8da6b343u ^
                    static_cast<std::uint32_t>(y) * 0xd8163841u ^ seed * 0xcb1ab31fu;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return h ^ (h >> 15);
}

// Lattice point to [0, 1).
inline float lattice_uniform(std::int32_t x, std::int32_t y, std::uint32_t seed) {
  return static_cast<float>(lattice_hash(x, y, seed) >> 8) * 0x1p-24f;
}

// Smooth interpolation of lattice_uniform: [0, 1), features of size 1. Cheaper than noise().
float value_noise(Vec2 p, std::uint32_t seed);

// Gradient noise (Perlin 1985, quintic fade of 2002): about [−0.8, 0.8], mean 0, features of
// size 1.
float noise(Vec2 p, std::uint32_t seed);

// Fractal sum: octave i has frequency ~2^i and amplitude gain^i; divided by the sum of amplitudes.
float fbm(Vec2 p, int octaves, float gain, std::uint32_t seed);

// Ridged fractal sum (Musgrave): sharp crests, smooth valleys, more detail on the crests; [0, 1].
float ridged_fbm(Vec2 p, int octaves, float gain, std::uint32_t seed);

}  // namespace gramgrad::apps::samples
