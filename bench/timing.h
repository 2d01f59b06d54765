// How long work takes on a device: the median of a few samples, each of as many repetitions as a
// clock needs to see them.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "kernels/device.h"

namespace gramgrad::bench {

// Of one repetition, in milliseconds.
struct Times {
  double median = 0, smallest = 0, largest = 0;
};

inline Times times_of(std::vector<double> milliseconds) {
  std::sort(milliseconds.begin(), milliseconds.end());
  return {milliseconds[milliseconds.size() / 2], milliseconds.front(), milliseconds.back()};
}

// Queues `work` `repetitions` times and waits once: on a GPU, what it costs to start a kernel hides
// behind the kernel before.
inline double milliseconds_of(const Device& device, const std::function<void()>& work,
                              int repetitions) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repetitions; ++i) {
    work();
  }
  device.synchronize();
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  return elapsed.count() / repetitions;
}

// `sample_ms`: about how long a sample takes.
inline Times time_work(const Device& device, const std::function<void()>& work,
                       double sample_ms = 20, int samples = 11) {
  milliseconds_of(device, work, 2);  // allocations, plans
  const double once = milliseconds_of(device, work, 3);
  const int repetitions = static_cast<int>(std::clamp(sample_ms / std::max(once, 1e-4), 1.0, 1e4));
  std::vector<double> milliseconds;
  for (int i = 0; i < samples; ++i) {
    milliseconds.push_back(milliseconds_of(device, work, repetitions));
  }
  return times_of(milliseconds);
}

}  // namespace gramgrad::bench
