// The sample painting: layers of strokes from broad to fine along the motif's flow.
#include <array>
#include <utility>

#include "apps/support/sample_pictures.h"
#include "apps/support/samples/motif.h"
#include "apps/support/samples/oil_canvas.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

using namespace samples;

// Lengths in units of the reference height, except `length` in brush widths.
struct Layer {
  float width;
  float length;
  float spacing;   // between the starts of strokes, in brush widths
  float presence;  // probability of a stroke: upper layers leave the lower ones visible
  float body;
  float lighten;  // share of white mixed in at most
};

constexpr std::array<Layer, 5> layers = {{
    {0.085f, 3.0f, 0.75f, 1.0f, 0.25f, 0.0f},
    {0.042f, 5.0f, 1.00f, 1.0f, 0.5f, 0.0f},
    {0.025f, 6.0f, 1.05f, 1.0f, 0.9f, 0.05f},
    {0.017f, 7.0f, 1.25f, 0.85f, 1.2f, 0.15f},
    {0.011f, 7.0f, 2.40f, 0.45f, 1.5f, 0.45f},
}};

// The points of a brush that leaves p with or against the flow. It stops where the flow turns
// sharply, at the edge of a thing or in the eye of a swirl: a wrist does not follow there.
std::vector<Vec2> pull(const Motif& motif, Vec2 p, float length, float step) {
  std::vector<Vec2> points;
  Vec2 heading = motif.flow(p);
  float turned = 0;
  for (float travelled = 0; travelled < length; travelled += std::abs(step)) {
    p = p + heading * step;
    points.push_back(p);
    const Vec2 next = motif.flow(p);
    const float cosine = dot(heading, next);
    turned += 1 - cosine;
    if (cosine < 0.75f || turned > 0.6f) {
      break;
    }
    heading = next;
  }
  return points;
}

// A stroke's path in pixels, through p and about centred on it, so that it lies where its colour
// was taken.
std::vector<Vec2> path_through(const Motif& motif, Vec2 p, float length, float step, float unit) {
  std::vector<Vec2> path = pull(motif, p, 0.5f * length, -step);
  std::reverse(path.begin(), path.end());
  path.push_back(p);
  const std::vector<Vec2> ahead = pull(motif, p, 0.5f * length, step);
  path.insert(path.end(), ahead.begin(), ahead.end());
  for (Vec2& q : path) {
    q = q * unit;
  }
  return path;
}

// One starting point in each cell of a grid, somewhere within it, in random order: an even cover
// without rows, and no side always on top.
std::vector<Vec2> scattered(Vec2 extent, float spacing, Random& random) {
  std::vector<Vec2> points;
  const int columns = static_cast<int>(extent.x / spacing) + 2;
  const int rows = static_cast<int>(extent.y / spacing) + 2;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const float x = static_cast<float>(column) - random.uniform();
      const float y = static_cast<float>(row) - random.uniform();
      points.push_back(Vec2{x, y} * spacing);
    }
  }
  for (std::size_t i = points.size(); i > 1; --i) {
    std::swap(points[i - 1], points[random.below(static_cast<std::uint32_t>(i))]);
  }
  return points;
}

void paint_layer(OilCanvas& canvas, const Motif& motif, const Layer& layer, Vec2 extent, float unit,
                 Random& random) {
  for (const Vec2 p : scattered(extent, layer.width * layer.spacing, random)) {
    if (!random.chance(layer.presence)) {
      continue;
    }
    const float width = layer.width * (1 + 0.35f * random.jitter());
    const float length = width * layer.length * (1 + 0.4f * random.jitter());
    const Rgb white = {0.98f, 0.97f, 0.9f};
    Stroke stroke;
    stroke.path = path_through(motif, p, length, 0.5f * width, unit);
    stroke.width = width * unit;
    const Rgb pigment = motif.color(p, random);
    stroke.color = mix(pigment, white, layer.lighten * random.uniform());
    stroke.streak = mix(stroke.color, motif.color(p, random), 0.7f);
    stroke.body = layer.body;
    stroke.seed = static_cast<std::uint32_t>(random.bits());
    canvas.paint(stroke);
  }
}

}  // namespace

Image sample_painting(int width, int height, std::uint64_t seed) {
  check(width >= 1 && height >= 1, "sample painting: size must be at least 1x1, not {}x{}", width,
        height);
  const float unit = std::sqrt(static_cast<float>(width) * static_cast<float>(height) / 1.5f);
  const Vec2 extent = {static_cast<float>(width) / unit, static_cast<float>(height) / unit};
  const Motif motif(extent.x, extent.y, seed);
  Random random(seed ^ 0x5eed0fb125u);
  const Rgb ochre_ground = {0.72f, 0.53f, 0.25f};
  OilCanvas canvas(width, height, unit, ochre_ground);
  for (const Layer& layer : layers) {
    paint_layer(canvas, motif, layer, extent, unit, random);
  }
  Image image;
  image.width = width;
  image.height = height;
  image.pixels = canvas.lit();
  return image;
}

}  // namespace gramgrad::apps
