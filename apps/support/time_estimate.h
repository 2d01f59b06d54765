// How long the rest of a schedule will take.
#pragma once

#include <cstdint>
#include <span>

#include "nn/schedule.h"

namespace gramgrad::apps {

// An iteration costs about as much as it has pixels; what a pixel costs is measured as the run
// goes, recent iterations counting more.
class TimeEstimate {
 public:
  explicit TimeEstimate(std::span<const nn::Scale> schedule);

  // Iteration `iteration` (from 1) of scale `scale` (from 0) took `seconds`.
  void add(int scale, int iteration, double seconds);

  double seconds_left() const { return pixels_left_ * seconds_per_pixel_; }
  double iterations_per_second() const;  // at the present scale; 0 before the first

 private:
  std::span<const nn::Scale> schedule_;
  double pixels_left_;  // pixels times iterations
  double seconds_per_pixel_ = 0;
  double seconds_per_iteration_ = 0;
  int scale_ = -1;
};

}  // namespace gramgrad::apps
