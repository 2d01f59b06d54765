// Small vectors, interpolation and random numbers that the sample pictures are drawn with.
//
// std::random's distributions are implementation-defined and would draw another picture with every
// standard library, hence `Random`.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace gramgrad::apps::samples {

inline constexpr float pi = std::numbers::pi_v<float>;

struct Vec2 {
  float x = 0, y = 0;
};
inline Vec2 operator+(Vec2 a, Vec2 b) {
  return {a.x + b.x, a.y + b.y};
}
inline Vec2 operator-(Vec2 a, Vec2 b) {
  return {a.x - b.x, a.y - b.y};
}
inline Vec2 operator*(Vec2 a, float s) {
  return {a.x * s, a.y * s};
}
inline float dot(Vec2 a, Vec2 b) {
  return a.x * b.x + a.y * b.y;
}
inline float length(Vec2 a) {
  return std::sqrt(dot(a, a));
}
// Turned by a quarter; clockwise on a screen, where y points down.
inline Vec2 perpendicular(Vec2 a) {
  return {-a.y, a.x};
}
// The zero vector has no direction; it becomes +x.
inline Vec2 normalized(Vec2 a) {
  const float norm = length(a);
  return norm > 1e-12f ? a * (1 / norm) : Vec2{1, 0};
}

struct Vec3 {
  float x = 0, y = 0, z = 0;
};
inline Vec3 operator+(Vec3 a, Vec3 b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vec3 operator*(Vec3 a, float s) {
  return {a.x * s, a.y * s, a.z * s};
}
inline float dot(Vec3 a, Vec3 b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
inline Vec3 normalized(Vec3 a) {
  return a * (1 / std::sqrt(std::max(dot(a, a), 1e-24f)));
}

struct Rgb {
  float r = 0, g = 0, b = 0;
};
inline Rgb operator+(Rgb a, Rgb b) {
  return {a.r + b.r, a.g + b.g, a.b + b.b};
}
inline Rgb operator*(Rgb a, Rgb b) {
  return {a.r * b.r, a.g * b.g, a.b * b.b};
}
inline Rgb operator*(Rgb a, float s) {
  return {a.r * s, a.g * s, a.b * s};
}

inline float mix(float a, float b, float t) {
  return a + (b - a) * t;
}
inline Vec2 mix(Vec2 a, Vec2 b, float t) {
  return a + (b - a) * t;
}
inline Rgb mix(Rgb a, Rgb b, float t) {
  return a * (1 - t) + b * t;
}

inline float saturate(float x) {
  return std::clamp(x, 0.0f, 1.0f);
}
// 0 up to `from`, 1 beyond `to`, smooth between; `from` may exceed `to` to fall instead of rise.
inline float smoothstep(float from, float to, float x) {
  const float t = saturate((x - from) / (to - from));
  return t * t * (3 - 2 * t);
}

// SplitMix64 (Steele, Lea, Flood 2014): every seed is a good one, and the state is one word.
// C++ leaves open in which order a call's arguments and an operator's operands are evaluated: draw
// at most one number in them, or compilers paint different pictures. (Braces go left to right.)
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // In [0, 1): the top 24 bits, which a float holds exactly.
  float uniform() { return static_cast<float>(bits() >> 40) * 0x1p-24f; }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  // In (−1, 1), triangular: mostly small, which is how a hand varies.
  float jitter() {
    const float minuend = uniform();
    return minuend - uniform();
  }
  bool chance(float probability) { return uniform() < probability; }
  // In [0, count).
  std::uint32_t below(std::uint32_t count) {
    return static_cast<std::uint32_t>(((bits() >> 32) * count) >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace gramgrad::apps::samples
