// Sizes of convolutions that Winograd's tiles and the micro-kernel's panels make special.
#pragma once

#include <vector>

#include "tests/kernels/cases.h"

namespace gramgrad::tests {

inline std::vector<Conv2dSize> winograd_sizes() {
  constexpr PoolKind max = PoolKind::max;
  constexpr PoolKind average = PoolKind::average;
  const auto size = [](int batch, int height, int width, int in, int out, int padding) {
    return Conv2dSize{.batch = batch,
                      .height = height,
                      .width = width,
                      .in = in,
                      .out = out,
                      .kernel = 3,
                      .padding = padding};
  };
  const auto pooled = [](Conv2dSize s, PoolKind pool, bool full) {
    s.pool = pool;
    s.full = full;
    return s;
  };
  return {
      size(1, 1, 1, 16, 16, 1),
      size(1, 1, 11, 17, 33, 1),
      size(2, 9, 1, 35, 16, 1),
      with_relu(size(3, 6, 5, 31, 19, 1)),
      with_relu(size(2, 7, 10, 24, 40, 1), max),
      with_relu(size(1, 13, 9, 33, 17, 1), max, false),
      with_relu(size(1, 11, 14, 16, 21, 1), average, false),
      with_relu(size(2, 5, 3, 20, 18, 1), average),
      pooled(size(1, 7, 6, 18, 20, 1), max, false),
      pooled(size(1, 6, 7, 18, 20, 1), average, true),
      size(1, 3, 3, 16, 16, 0),
      with_relu(size(1, 16, 15, 19, 23, 0), max, false),
      size(1, 4, 6, 16, 18, 2),
      with_relu(size(1, 5, 2, 17, 16, 3), max),
      with_relu(size(1, 21, 18, 256, 512, 1)),
      with_relu(size(1, 10, 9, 512, 512, 1), max, false),
      with_relu(size(1, 9, 6, 173, 269, 1)),  // large weights that fill no whole panel, either way
      // Up to 256 channels and from 8 pixels on tiles are larger.
      size(1, 8, 9, 16, 17, 1),
      with_relu(size(2, 12, 8, 31, 19, 1)),
      with_relu(size(1, 17, 13, 24, 40, 1), max),
      with_relu(size(1, 14, 11, 33, 70, 1), max, false),
      with_relu(size(1, 8, 20, 16, 21, 1), average, false),
      pooled(size(1, 19, 10, 18, 65, 1), average, true),
      with_relu(size(1, 15, 22, 65, 18, 0), max, false),
      with_relu(size(1, 40, 44, 64, 64, 1), max, false),
      with_relu(size(1, 26, 33, 128, 128, 1), max, false),
      with_relu(size(1, 12, 13, 173, 209, 1)),
      with_relu(size(1, 14, 12, 256, 256, 1), max, false),
  };
}

}  // namespace gramgrad::tests
