// The sample landscape: the scene, its mirror image in the water, and the camera's film.
#include <initializer_list>

#include "apps/support/sample_pictures.h"
#include "apps/support/samples/daylight.h"
#include "apps/support/samples/noise.h"
#include "apps/support/samples/scenery.h"
#include "apps/support/samples/terrain.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

using namespace samples;

// The picture is drawn at twice its size and averaged.
constexpr int supersampling = 2;

View draw_scene(const Frame& frame, bool mirrored, const Sunshine& sunshine) {
  View view(frame, mirrored);
  draw_terrain(view, sunshine);
  draw_village(view);
  draw_boat(view);
  if (!mirrored) {
    draw_foreground(view);
  }
  return view;
}

// The mirrored view, complete with its sky.
View draw_mirror_image(const Frame& frame, const Sunshine& sunshine) {
  View view = draw_scene(frame, true, sunshine);
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      if (view.cover(x, y) < 1) {
        const Vec2 p = {static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
        view.blend_behind(x, y, sky_color(view.ray(p)), 1);
      }
    }
  }
  return view;
}

// Slope of the water at a place (x, z), towards the viewer; smaller where waves are smaller than
// `resolution` (kilometres that a pixel spans) and average out.
float wave_slope(Vec2 p, float resolution) {
  // Wind draws streaks: rough patches between smooth ones.
  const float wind = 0.35f + smoothstep(-0.1f, 0.35f, noise({p.x * 5, p.y * 14}, 81));
  float slope = 0;
  for (const float wavelength : {0.022f, 0.009f, 0.004f}) {
    const float resolved = smoothstep(0.25f, 1.0f, 0.5f * wavelength / resolution);
    slope += resolved * noise({p.x / (2.6f * wavelength), p.y / wavelength}, 82);
  }
  return 0.018f * wind * slope;
}

Rgb water_color(const View& mirror, Vec2 pixel) {
  const Frame& frame = mirror.frame();
  const Vec2 offset = (pixel - frame.center) * (1 / frame.focal);
  const float depression = std::max(offset.y, 0.5f / frame.focal);
  const float z = camera_height / depression;
  const Vec2 p = {offset.x * z, z};
  const float slope = wave_slope(p, z * z / (camera_height * frame.focal));
  // A slope turns the mirrored ray by twice its angle.
  const Vec2 shift = {0.35f * slope * frame.focal, 2 * slope * frame.focal};
  Vec2 seen = pixel + shift;
  seen.y = std::max(seen.y, frame.center.y + 0.5f);
  // Schlick's approximation for water: the steeper the look, the more of the depth is seen.
  const float grazing = 1 - std::min(depression + std::abs(slope), 1.0f);
  const float reflectance = 0.02f + 0.98f * std::pow(grazing, 5.0f);
  const Rgb depth = {0.010f, 0.062f, 0.075f};
  return mix(depth, mirror.sample(seen), 0.94f * std::max(reflectance, 0.3f));
}

// Film: a shoulder that keeps snow and clouds from burning out (Narkowicz's fit of ACES), a little
// more colour, sRGB's gamma.
Rgb develop(Rgb light) {
  constexpr float exposure = 0.72f;
  const auto shoulder = [](float light_in) {
    const float x = exposure * light_in;
    return saturate(x * (2.51f * x + 0.03f) / (x * (2.43f * x + 0.59f) + 0.14f));
  };
  const Rgb toned = {shoulder(light.r), shoulder(light.g), shoulder(light.b)};
  const float gray = 0.2126f * toned.r + 0.7152f * toned.g + 0.0722f * toned.b;
  const Rgb vivid = mix({gray, gray, gray}, toned, 1.14f);
  const auto gamma = [](float x) { return std::pow(saturate(x), 1 / 2.2f); };
  return {gamma(vivid.r), gamma(vivid.g), gamma(vivid.b)};
}

// What reaches the lens at a pixel of the supersampled scene.
Rgb light_at(const View& scene, const View& mirror, int x, int y) {
  const float cover = scene.cover(x, y);
  if (cover >= 1) {
    return scene.color(x, y);
  }
  const Vec2 p = {static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
  const bool above = p.y < scene.frame().center.y;
  const Rgb behind =
      above ? sky_color(scene.ray(p)) : water_color(mirror, p * (1.0f / supersampling));
  return mix(behind, scene.color(x, y), cover);
}

}  // namespace

Image sample_landscape(int width, int height) {
  check(width >= 1 && height >= 1, "sample landscape: size must be at least 1x1, not {}x{}", width,
        height);
  const Sunshine sunshine;
  const View mirror = draw_mirror_image(Frame::cover(width, height), sunshine);
  const View scene =
      draw_scene(Frame::cover(width * supersampling, height * supersampling), false, sunshine);
  Image image;
  image.width = width;
  image.height = height;
  image.pixels.reserve(image.pixel_count() * 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      Rgb sum;
      for (int i = 0; i < supersampling * supersampling; ++i) {
        sum = sum + light_at(scene, mirror, x * supersampling + i % supersampling,
                             y * supersampling + i / supersampling);
      }
      const Rgb c = develop(sum * (1.0f / (supersampling * supersampling)));
      image.pixels.insert(image.pixels.end(), {c.r, c.g, c.b});
    }
  }
  return image;
}

}  // namespace gramgrad::apps
