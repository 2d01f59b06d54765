// Coarse-to-fine schedules.
#include "nn/schedule.h"

#include <algorithm>
#include <cmath>

#include "kernels/check.h"

namespace gramgrad::nn {
namespace {

// Measured with VGG16 and the default losses: enough for each scale to settle.
std::vector<int> default_iterations(int count) {
  switch (count) {
    case 1:
      return {150};
    case 2:
      return {120, 60};
    default:
      break;
  }
  std::vector<int> iterations(static_cast<std::size_t>(count), 100);
  iterations[iterations.size() - 2] = 80;
  iterations[iterations.size() - 1] = 60;
  return iterations;
}

}  // namespace

int default_scale_count(std::int64_t height, std::int64_t width) {
  const double longer = static_cast<double>(std::max(height, width));
  return std::max(1, 1 + static_cast<int>(std::lround(std::log2(longer / 128))));
}

Scale fit(std::int64_t height, std::int64_t width, double longer_side) {
  const double factor = longer_side / static_cast<double>(std::max(height, width));
  const auto scaled = [&](std::int64_t extent) {
    return std::max(std::int64_t{1},
                    static_cast<std::int64_t>(std::lround(static_cast<double>(extent) * factor)));
  };
  return {scaled(height), scaled(width), 0};
}

std::vector<Scale> make_schedule(std::int64_t height, std::int64_t width, int count,
                                 std::span<const int> iterations) {
  check(count >= 1 && count <= 16, "the number of scales must be 1 to 16, not {}", count);
  std::vector<int> per_scale(iterations.begin(), iterations.end());
  if (per_scale.empty()) {
    per_scale = default_iterations(count);
  } else if (per_scale.size() == 1) {
    per_scale.assign(static_cast<std::size_t>(count), iterations.front());
  }
  check(per_scale.size() == static_cast<std::size_t>(count),
        "{} numbers of iterations for {} scales; give one, or one for each scale", per_scale.size(),
        count);
  const double longer = static_cast<double>(std::max(height, width));
  check(longer >= std::exp2(count - 1), "{} scales are too many for a picture of {}x{}", count,
        width, height);
  std::vector<Scale> scales;
  for (int index = 0; index < count; ++index) {
    Scale scale = fit(height, width, longer / std::exp2(count - 1 - index));
    scale.iterations = per_scale[static_cast<std::size_t>(index)];
    check(scale.iterations >= 0, "a number of iterations cannot be negative ({})",
          scale.iterations);
    scales.push_back(scale);
  }
  return scales;
}

}  // namespace gramgrad::nn
