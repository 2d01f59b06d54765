// The light of the sample landscape: a low sun from the left, a blue sky with clouds, the air.
#pragma once

#include "apps/support/samples/math.h"

namespace gramgrad::apps::samples {

// Towards the sun, which stands out of the picture, behind the camera's left shoulder. (World axes
// as in view.h, linear light.)
inline const Vec3 to_sun = normalized(Vec3{-0.80f, 0.36f, -0.18f});
inline constexpr Rgb sunlight = {2.75f, 2.05f, 1.25f};
inline constexpr Rgb skylight = {0.22f, 0.33f, 0.54f};

// The sky in a direction of length 1 with y ≥ 0: gradient, glow towards the sun, clouds.
Rgb sky_color(Vec3 direction);

// What remains of `color` through `distance` kilometres of air, and the light the air adds. `up` is
// the height of the thing seen; evening mist lies below 150 m.
Rgb through_air(Rgb color, Vec3 direction, float distance, float up);

// A matte surface of this albedo. `lit` is the share of the sun that reaches it.
Rgb matte(Rgb albedo, Vec3 normal, float lit);

}  // namespace gramgrad::apps::samples
