// Checks of pictures in memory, and compositing.
#include "apps/support/image.h"

#include <algorithm>
#include <cmath>

#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](float value) { return std::isfinite(value); });
}

}  // namespace

void check_image_size(const std::string& path, long width, long height) {
  check(width > 0 && height > 0, "{}: the picture has no pixels ({} x {}); use another picture",
        path, width, height);
  check(width <= max_image_side && height <= max_image_side && width * height <= max_image_pixels,
        "{}: the picture is too large ({} x {}; the limits are {} pixels a side and {} million in "
        "all); scale it down first",
        path, width, height, max_image_side, max_image_pixels / 1000000);
}

void check_image(const std::string& path, const Image& image) {
  check_image_size(path, image.width, image.height);
  check(image.channels == 3, "{}: the picture has {} channels where 3 (RGB) are needed", path,
        image.channels);
  check(image.pixels.size() == 3 * image.pixel_count(),
        "{}: a picture of {} x {} needs {} values, not {}", path, image.width, image.height,
        3 * image.pixel_count(), image.pixels.size());
  check(image.alpha.empty() || image.alpha.size() == image.pixel_count(),
        "{}: a picture of {} x {} needs {} alpha values, not {}", path, image.width, image.height,
        image.pixel_count(), image.alpha.size());
  check(all_finite(image.pixels) && all_finite(image.alpha),
        "{}: the picture holds values that are not finite numbers, so the run has diverged; lower "
        "the learning rate or the loss weights",
        path);
}

void composite_over(Image& image, float red, float green, float blue) {
  const float background[3] = {red, green, blue};
  for (std::size_t i = 0; i < image.alpha.size(); ++i) {
    const float alpha = image.alpha[i];
    for (std::size_t c = 0; c < 3; ++c) {
      float& value = image.pixels[3 * i + c];
      value = alpha * value + (1.0F - alpha) * background[c];
    }
  }
  image.alpha.clear();
}

}  // namespace gramgrad::apps
