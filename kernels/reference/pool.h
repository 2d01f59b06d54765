// Pooling of feature maps [N, H, W, C], for pool2d and for the pool at the end of a convolution.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/reference/loops.h"

namespace gramgrad::reference {

// Calls function(output pixel's number, its first input pixel's number) for each output pixel, in
// parallel. A window's pixel (ky, kx) is ky * W + kx further.
template <typename Function>
void for_each_window(const Pool2dParams& params, const Shape& x, Function function) {
  const Shape y = pool2d_output_shape(params, x);
  parallel_for(y[0] * y[1], y[2] * y[3] * params.window * params.window, [&](Index row) {
    const Index n = row / y[1];
    const Index oh = row % y[1];
    for (Index ow = 0; ow < y[2]; ++ow) {
      function(row * y[2] + ow, (n * x[1] + oh * params.stride) * x[2] + ow * params.stride);
    }
  });
}

// The first of equal maxima wins; the first NaN wins. mask may be null.
template <typename T>
void max_pool(const Pool2dParams& params, const Shape& shape, const T* x, T* y,
              std::uint8_t* mask) {
  const Index width = shape[2];
  const Index channels = shape[3];
  for_each_window(params, shape, [&](Index output, Index first) {
    for (Index c = 0; c < channels; ++c) {
      Index winner = 0;
      T best = x[first * channels + c];
      for (Index k = 1; k < params.window * params.window && !std::isnan(best); ++k) {
        const Index pixel = first + k / params.window * width + k % params.window;
        const T value = x[pixel * channels + c];
        if (!(value <= best)) {
          best = value;
          winner = k;
        }
      }
      y[output * channels + c] = best;
      if (mask != nullptr) {
        mask[output * channels + c] = static_cast<std::uint8_t>(winner);
      }
    }
  });
}

template <typename T>
void average_pool(const Pool2dParams& params, const Shape& shape, const T* x, T* y) {
  const Index width = shape[2];
  const Index channels = shape[3];
  const Index count = Index{params.window} * params.window;
  for_each_window(params, shape, [&](Index output, Index first) {
    for (Index c = 0; c < channels; ++c) {
      double total = 0;
      for (Index k = 0; k < count; ++k) {
        const Index pixel = first + k / params.window * width + k % params.window;
        total += static_cast<double>(x[pixel * channels + c]);
      }
      y[output * channels + c] = static_cast<T>(total / static_cast<double>(count));
    }
  });
}

template <typename T>
void pool(const Pool2dParams& params, const Shape& shape, const T* x, T* y, std::uint8_t* mask) {
  if (params.kind == PoolKind::max) {
    max_pool(params, shape, x, y, mask);
  } else {
    average_pool(params, shape, x, y);
  }
}

// dx += the transpose of pooling, of dy; windows may overlap, so one thread adds an image's.
template <typename T>
void add_unpooled(const Pool2dParams& params, const Shape& shape, const T* dy,
                  const std::uint8_t* mask, double* dx) {
  const Shape out = pool2d_output_shape(params, shape);
  const Index width = shape[2];
  const Index channels = shape[3];
  const Index count = Index{params.window} * params.window;
  const auto add_window = [&](Index output, Index first) {
    for (Index k = 0; k < count; ++k) {
      const Index pixel = first + k / params.window * width + k % params.window;
      for (Index c = 0; c < channels; ++c) {
        const Index i = output * channels + c;
        const double gradient = static_cast<double>(dy[i]);
        if (params.kind == PoolKind::average) {
          dx[pixel * channels + c] += gradient / static_cast<double>(count);
        } else if (mask[i] == k) {
          dx[pixel * channels + c] += gradient;
        }
      }
    }
  };
  parallel_for(shape[0], out[1] * out[2] * channels * count, [&](Index n) {
    for (Index oh = 0; oh < out[1]; ++oh) {
      for (Index ow = 0; ow < out[2]; ++ow) {
        add_window((n * out[1] + oh) * out[2] + ow,
                   (n * shape[1] + oh * params.stride) * width + ow * params.stride);
      }
    }
  });
}

}  // namespace gramgrad::reference
