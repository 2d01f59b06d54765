// Resizing, as torch.nn.functional.interpolate(align_corners=False). Along each axis it is a sparse
// matrix M[out, in] (kernels/resize_taps.h). Its elements are computed where they are needed, so
// that nothing is uploaded, and forward and backward gather with the same ones: y = Mh x Mw^T and
// dx = Mh^T dy Mw.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::cuda {
namespace {

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

// One axis: M[o, s] for outputs o in [0, out) and sources s in [0, in).
struct Axis {
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

// A thread an element of the result: of y, or of dx.
template <bool backward>
struct Resize {
  Axis rows, columns;
  unsigned channels;
  const float* from;
  float* to;
  bool accumulate;

  __device__ void operator()(Index i) const {
    const auto element = static_cast<unsigned>(i);
    const unsigned channel = element % channels;
    const unsigned pixel = element / channels;
    const auto width = static_cast<unsigned>(backward ? columns.in : columns.out);
    const auto height = static_cast<unsigned>(backward ? rows.in : rows.out);
    const auto w = static_cast<int>(pixel % width);
    const auto h = static_cast<int>(pixel / width % height);
    const Index image = pixel / width / height;
    const int from_height = backward ? rows.out : rows.in;
    const int from_width = backward ? columns.out : columns.in;
    const Span across = others(columns, w);
    const Span down = others(rows, h);
    float sum = 0;
    for (int y = down.begin; y < down.end; ++y) {
      const float* line = from + (image * from_height + y) * from_width * channels + channel;
      float line_sum = 0;
      for (int x = across.begin; x < across.end; ++x) {
        line_sum += weight(columns, w, x) * line[static_cast<Index>(x) * channels];
      }
      sum += weight(rows, h, y) * line_sum;
    }
    store(to[i], sum, accumulate);
  }

  __device__ static Span others(const Axis& axis, int mine) {
    return backward ? axis.outputs(mine) : axis.sources(mine);
  }
  __device__ static float weight(const Axis& axis, int mine, int other) {
    return backward ? axis.element(other, mine) : axis.element(mine, other);
  }
};

template <bool backward>
void launch_resize(ResizeFilter filter, const Shape& in, const Shape& out, const Tensor& from,
                   Tensor& to, WriteMode mode) {
  expect_small(from.shape());
  expect_small(to.shape());
  const auto axis = [&](int which) {
    return Axis{filter, static_cast<int>(in[which]), static_cast<int>(out[which])};
  };
  const Resize<backward> body{
      axis(1),          axis(2),   static_cast<unsigned>(in[3]), from.data<float>(),
      to.data<float>(), adds(mode)};
  for_each(stream_of(to), to.size(), body);
}

}  // namespace

void resize(ResizeFilter filter, const Tensor& x, Tensor& y) {
  check_resize(x, y);
  launch_resize<false>(filter, x.shape(), y.shape(), x, y, WriteMode::assign);
}

void resize_backward(ResizeFilter filter, const Tensor& dy, Tensor& dx, WriteMode mode) {
  check_resize_backward(dy, dx);
  launch_resize<true>(filter, dx.shape(), dy.shape(), dy, dx, mode);
}

}  // namespace gramgrad::cuda
