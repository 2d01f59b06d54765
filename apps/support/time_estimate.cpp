// How long the rest of a schedule will take.
#include "apps/support/time_estimate.h"

namespace gramgrad::apps {
namespace {

double pixels(const nn::Scale& scale) {
  return static_cast<double>(scale.height * scale.width);
}

double pixels_from(std::span<const nn::Scale> schedule, int first) {
  double sum = 0;
  for (std::size_t i = static_cast<std::size_t>(first); i < schedule.size(); ++i) {
    sum += pixels(schedule[i]) * schedule[i].iterations;
  }
  return sum;
}

// A running mean that starts with its first value.
void follow(double& mean, double value) {
  constexpr double inertia = 0.9;
  mean = mean == 0 ? value : inertia * mean + (1 - inertia) * value;
}

}  // namespace

TimeEstimate::TimeEstimate(std::span<const nn::Scale> schedule)
    : schedule_(schedule), pixels_left_(pixels_from(schedule, 0)) {}

void TimeEstimate::add(int scale, int iteration, double seconds) {
  const nn::Scale& size = schedule_[static_cast<std::size_t>(scale)];
  if (scale != scale_) {
    scale_ = scale;
    seconds_per_iteration_ = 0;
  }
  // The first of a scale also computes the targets.
  if (iteration == 2) {
    seconds_per_iteration_ = 0;
  }
  follow(seconds_per_iteration_, seconds);
  follow(seconds_per_pixel_, seconds / pixels(size));
  pixels_left_ = pixels_from(schedule_, scale + 1) + pixels(size) * (size.iterations - iteration);
}

double TimeEstimate::iterations_per_second() const {
  return seconds_per_iteration_ > 0 ? 1 / seconds_per_iteration_ : 0;
}

}  // namespace gramgrad::apps
