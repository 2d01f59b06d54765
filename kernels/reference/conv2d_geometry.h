// Which input pixels a convolution's output pixel sees, and where they lie in memory.
#pragma once

#include <algorithm>

#include "kernels/reference/loops.h"

namespace gramgrad::reference {

struct Range {
  Index begin;
  Index end;
};

// The part of an output pixel's window that lies inside the picture; the rest is zeros.
struct Window {
  Index image;
  Index top;      // input row of kernel row 0; negative in the padding
  Index left;     // input column of kernel column 0
  Range rows;     // kernel rows inside
  Range columns;  // kernel columns inside
};

struct Conv2dGeometry {
  Conv2dGeometry(const Conv2dParams& params, const Shape& x, const Shape& w)
      : stride(params.stride),
        padding(params.padding),
        batch(x[0]),
        in_height(x[1]),
        in_width(x[2]),
        in_channels(x[3]),
        out_channels(w[0]),
        kernel_height(w[1]),
        kernel_width(w[2]) {
    const Shape y = conv2d_output_shape(params, x, w);
    out_height = y[1];
    out_width = y[2];
  }

  Window window(Index image, Index out_row, Index out_column) const {
    const Index top = out_row * stride - padding;
    const Index left = out_column * stride - padding;
    return {image, top, left, inside(top, kernel_height, in_height),
            inside(left, kernel_width, in_width)};
  }

  // Of the first channel, for kernel position (kh, kw) in a window.
  Index input_index(const Window& window, Index kh, Index kw) const {
    return ((window.image * in_height + window.top + kh) * in_width + window.left + kw) *
           in_channels;
  }
  Index weight_index(Index o, Index kh, Index kw) const {
    return ((o * kernel_height + kh) * kernel_width + kw) * in_channels;
  }
  Index operations_per_pixel() const {
    return kernel_height * kernel_width * in_channels * out_channels;
  }

  Index stride, padding;
  Index batch, in_height, in_width, in_channels;
  Index out_channels, kernel_height, kernel_width;
  Index out_height, out_width;

 private:
  // k in [0, window) with start + k in [0, extent)
  static Range inside(Index start, Index window, Index extent) {
    const Index begin = std::max<Index>(0, -start);
    return {begin, std::max(begin, std::min(window, extent - start))};
  }
};

}  // namespace gramgrad::reference
