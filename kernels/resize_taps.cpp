// Weights of area, bilinear and bicubic resizing, as torch.nn.functional.interpolate has them.
#include "kernels/resize_taps.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gramgrad {
namespace {

// Source coordinate of an output pixel's centre, in pixels, 0 at the first source pixel's centre.
double source_position(std::int64_t output, std::int64_t in, std::int64_t out) {
  return (static_cast<double>(output) + 0.5) * static_cast<double>(in) / static_cast<double>(out) -
         0.5;
}

// The mean over [floor(i in/out), ceil((i+1) in/out)).
void add_area_row(ResizeTaps& taps, std::int64_t output, std::int64_t in, std::int64_t out) {
  const std::int64_t begin = output * in / out;
  const std::int64_t end = ((output + 1) * in + out - 1) / out;
  std::vector<ResizeTap> row;
  for (std::int64_t source = begin; source < end; ++source) {
    row.push_back({source, 1.0 / static_cast<double>(end - begin)});
  }
  taps.add_row(row);
}

void add_bilinear_row(ResizeTaps& taps, std::int64_t output, std::int64_t in, std::int64_t out) {
  const double position = std::max(0.0, source_position(output, in, out));
  const auto left = std::min(static_cast<std::int64_t>(position), in - 1);
  const double fraction = position - static_cast<double>(left);
  taps.add_row(
      std::array<ResizeTap, 2>{{{left, 1 - fraction}, {std::min(left + 1, in - 1), fraction}}});
}

// Keys 1981, equation 4, with a = -0.75, at a distance d from the sample.
double cubic_weight(double d) {
  constexpr double a = -0.75;
  d = std::abs(d);
  if (d <= 1) {
    return ((a + 2) * d - (a + 3)) * d * d + 1;
  }
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

// Samples beyond an edge repeat the edge.
void add_bicubic_row(ResizeTaps& taps, std::int64_t output, std::int64_t in, std::int64_t out) {
  const double position = source_position(output, in, out);
  const auto left = static_cast<std::int64_t>(std::floor(position));
  std::array<ResizeTap, 4> row{};
  for (std::size_t k = 0; k < row.size(); ++k) {
    const std::int64_t sample = left - 1 + static_cast<std::int64_t>(k);
    row[k] = {std::clamp<std::int64_t>(sample, 0, in - 1),
              cubic_weight(position - static_cast<double>(sample))};
  }
  taps.add_row(row);
}

}  // namespace

void ResizeTaps::add_row(std::span<const ResizeTap> row) {
  taps_.insert(taps_.end(), row.begin(), row.end());
  ends_.push_back(taps_.size());
}

std::span<const ResizeTap> ResizeTaps::row(std::int64_t output) const {
  const auto index = static_cast<std::size_t>(output);
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return {taps_.data() + begin, ends_[index] - begin};
}

ResizeTaps resize_taps(ResizeFilter filter, std::int64_t in, std::int64_t out) {
  check(in >= 1 && out >= 1, "cannot resize {} pixels to {}", in, out);
  ResizeTaps taps;
  for (std::int64_t output = 0; output < out; ++output) {
    switch (filter) {
      case ResizeFilter::area:
        add_area_row(taps, output, in, out);
        break;
      case ResizeFilter::bilinear:
        add_bilinear_row(taps, output, in, out);
        break;
      case ResizeFilter::bicubic:
        add_bicubic_row(taps, output, in, out);
        break;
    }
  }
  return taps;
}

ResizeTaps transposed(const ResizeTaps& taps, std::int64_t inputs) {
  std::vector<std::vector<ResizeTap>> columns(static_cast<std::size_t>(inputs));
  for (std::int64_t output = 0; output < taps.rows(); ++output) {
    for (const ResizeTap& tap : taps.row(output)) {
      columns[static_cast<std::size_t>(tap.source)].push_back({output, tap.weight});
    }
  }
  ResizeTaps result;
  for (const auto& column : columns) {
    result.add_row(column);
  }
  return result;
}

}  // namespace gramgrad
