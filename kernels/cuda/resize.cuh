// One axis of resizing, as torch.nn.functional.interpolate(align_corners=False): a sparse matrix
// M[out, in], that of kernels/resize_taps.h. Its elements are computed where they are needed, so
// that nothing is uploaded.
#pragma once

#include "kernels/cuda/device.cuh"
#include "kernels/ops.h"

namespace gramgrad::cuda {

// A range of pixels along one axis.
struct Span {
  int begin, end;
};

__device__ inline int clamped(Index value, int low, int high) {
  return value < low ? low : value > high ? high : static_cast<int>(value);
}

// Keys 1981, equation 4, with a = -0.75, at a distance d < 2 from the sample; as products, which
// lose nothing where the polynomials' terms cancel.
__device__ inline float cubic_weight(float d) {
  constexpr float a = -0.75F;
  d = fabsf(d);
  return d <= 1 ? (1 - d) * (1 + d * (1 - (a + 2) * d)) : a * (d - 1) * (2 - d) * (2 - d);
}

// M[o, s] for outputs o in [0, out) and sources s in [0, in).
struct ResizeAxis {
  ResizeFilter filter;
  int in, out;

  // M[o, s]; taps beyond an edge fall on the edge.
  __device__ float element(int o, int s) const {
    if (filter == ResizeFilter::area) {
      const Span span = area(o);
      return s >= span.begin && s < span.end ? 1 / static_cast<float>(span.end - span.begin) : 0;
    }
    const Position p = position(o);
    float sum = 0;
    for (int tap = 1 - radius(); tap <= radius(); ++tap) {
      if (clamped(p.whole + tap, 0, in - 1) == s) {
        const float distance = static_cast<float>(tap) - p.fraction;
        sum += filter == ResizeFilter::bilinear ? 1 - fabsf(distance) : cubic_weight(distance);
      }
    }
    return sum;
  }

  // Sources that an output is made of.
  __device__ Span sources(int o) const {
    if (filter == ResizeFilter::area) {
      return area(o);
    }
    const Index whole = position(o).whole;
    return {clamped(whole + 1 - radius(), 0, in - 1), clamped(whole + radius(), 0, in - 1) + 1};
  }

  // Outputs that a source contributes to, and perhaps some more.
  __device__ Span outputs(int s) const {
    const Index wide = out;
    if (filter == ResizeFilter::area) {
      return {static_cast<int>(s * wide / in),
              static_cast<int>(ceil_div<Index>((s + 1) * wide, in))};
    }
    const Index first = (2 * (s - radius()) + 1) * wide / (2 * in) - 2;
    const Index last = (2 * (s + radius()) + 1) * wide / (2 * in) + 1;
    return {s == 0 ? 0 : clamped(first, 0, out - 1),
            s == in - 1 ? out : clamped(last, 0, out - 1) + 1};
  }

 private:
  // An output's centre among the sources' centres, (o + 1/2) in/out - 1/2, as whole sources and a
  // fraction; in integers, so that it is exact for every size.
  struct Position {
    Index whole;
    float fraction;
  };
  __device__ Position position(int o) const {
    const Index unit = 2 * static_cast<Index>(out);
    const Index scaled = (2 * static_cast<Index>(o) + 1) * in - out;  // the coordinate times unit
    if (filter == ResizeFilter::bilinear && scaled < 0) {
      return {0, 0};  // as torch has it, for bilinear only
    }
    const Index whole = (scaled + unit) / unit - 1;  // rounded down: scaled > -unit
    return {whole, static_cast<float>(scaled - whole * unit) / static_cast<float>(unit)};
  }

  __device__ Span area(int o) const {
    const Index wide = in;
    return {static_cast<int>(o * wide / out),
            static_cast<int>(ceil_div<Index>((o + 1) * wide, out))};
  }

  __device__ int radius() const { return filter == ResizeFilter::bicubic ? 2 : 1; }
};

}  // namespace gramgrad::cuda
