// Sums over many tasks: one f64 for each task, added up in the tasks' order.
#pragma once

#include <algorithm>

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

namespace gramgrad::cpu {

// The sum of body(i) for i in [0, count).
template <typename Body>
double parallel_sum(const Device& device, std::int64_t count, const Body& body) {
  const Scratch<double> partial(device, std::max<std::int64_t>(1, count));
  parallel_for(device.threads(), count, [&](std::int64_t i) { partial[i] = body(i); });
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    sum += partial[i];
  }
  return sum;
}

// The sum of body(first, n) over the elements of x, a task's worth of them at a time.
template <typename Body>
double parallel_element_sum(const Tensor& x, const Body& body) {
  const std::int64_t size = x.size();
  return parallel_sum(x.device(), ceil_div(size, elements_per_task), [&](std::int64_t task) {
    const std::int64_t first = task * elements_per_task;
    return body(first, static_cast<std::size_t>(std::min(elements_per_task, size - first)));
  });
}

}  // namespace gramgrad::cpu
