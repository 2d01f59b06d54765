// Resizing, y = Mh x Mw^T with an axis' matrix M (resize.cuh) for rows and one for columns, and its
// transpose, dx = Mh^T dy Mw. Both gather, with the same elements of M.
#include "kernels/cuda/resize.cuh"

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::cuda {
namespace {

// A thread an element of the result: of y, or of dx.
template <bool backward>
struct Resize {
  ResizeAxis rows, columns;
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

  __device__ static Span others(const ResizeAxis& axis, int mine) {
    return backward ? axis.outputs(mine) : axis.sources(mine);
  }
  __device__ static float weight(const ResizeAxis& axis, int mine, int other) {
    return backward ? axis.element(other, mine) : axis.element(mine, other);
  }
};

template <bool backward>
void launch_resize(ResizeFilter filter, const Shape& in, const Shape& out, const Tensor& from,
                   Tensor& to, WriteMode mode) {
  expect_small(from.shape());
  expect_small(to.shape());
  const auto axis = [&](int which) {
    return ResizeAxis{filter, static_cast<int>(in[which]), static_cast<int>(out[which])};
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
