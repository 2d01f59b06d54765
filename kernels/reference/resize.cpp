// Resizing of feature maps and pictures: first the rows, then the columns, each a sparse matrix.
#include "kernels/resize_taps.h"

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {
namespace {

// y[n,h',w',c] (+)= sum over h, w of rows[h',h] columns[w',w] x[n,h,w,c]
template <typename T>
void apply(const ResizeTaps& rows, const ResizeTaps& columns, const Tensor& x, Tensor& y,
           WriteMode mode) {
  const Index in_height = x.shape()[1];
  const Index in_width = x.shape()[2];
  const Index channels = x.shape()[3];
  const Index images = x.shape()[0];
  const T* from = x.data<T>();
  std::vector<double> tall = zeros(images * rows.rows() * in_width * channels);  // [N, H', W, C]
  const Index line = in_width * channels;
  parallel_for(images * rows.rows(), line * 4, [&](Index row) {
    const T* image = from + row / rows.rows() * in_height * line;
    for (const ResizeTap& tap : rows.row(row % rows.rows())) {
      add_scaled(tap.weight, image + tap.source * line, tall.data() + row * line, line);
    }
  });
  T* to = y.data<T>();
  parallel_for(images * rows.rows() * columns.rows(), channels * 4, [&](Index pixel) {
    const double* source = tall.data() + pixel / columns.rows() * line;
    for (Index c = 0; c < channels; ++c) {
      double value = 0;
      for (const ResizeTap& tap : columns.row(pixel % columns.rows())) {
        value += tap.weight * source[tap.source * channels + c];
      }
      store(to[pixel * channels + c], value, mode);
    }
  });
}

}  // namespace

void resize(ResizeFilter filter, const Tensor& x, Tensor& y) {
  check_resize(x, y);
  const ResizeTaps rows = resize_taps(filter, x.shape()[1], y.shape()[1]);
  const ResizeTaps columns = resize_taps(filter, x.shape()[2], y.shape()[2]);
  with_type(x, [&]<typename T>(T) { apply<T>(rows, columns, x, y, WriteMode::assign); });
}

void resize_backward(ResizeFilter filter, const Tensor& dy, Tensor& dx, WriteMode mode) {
  check_resize_backward(dy, dx);
  const Shape& small = dx.shape();
  const ResizeTaps rows = transposed(resize_taps(filter, small[1], dy.shape()[1]), small[1]);
  const ResizeTaps columns = transposed(resize_taps(filter, small[2], dy.shape()[2]), small[2]);
  with_type(dy, [&]<typename T>(T) { apply<T>(rows, columns, dy, dx, mode); });
}

}  // namespace gramgrad::reference
