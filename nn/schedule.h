// Coarse-to-fine schedules: which sizes a picture goes through, and for how many iterations.
//
// The first iterations at a small size settle the large shapes, for a fraction of the cost; the
// last ones, at full size, add the fine strokes (Gatys et al., "Controlling Perceptual Factors in
// Neural Style Transfer", CVPR 2017, section 6).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gramgrad::nn {

struct Scale {
  std::int64_t height;
  std::int64_t width;
  int iterations;
};

// How many scales suit a picture: halving until the longer side is about 128.
int default_scale_count(std::int64_t height, std::int64_t width);

// `count` sizes, each half of the next, the last [height, width]. `iterations`: none: the defaults;
// one number: for every scale; else one for each, coarse to fine. Throws Error where they do not
// fit, and where the coarsest scale would be empty.
std::vector<Scale> make_schedule(std::int64_t height, std::int64_t width, int count,
                                 std::span<const int> iterations);

// The size whose longer side is `longer_side`, in the proportions of height x width; at least 1x1.
Scale fit(std::int64_t height, std::int64_t width, double longer_side);

}  // namespace gramgrad::nn
