// Resizing, and its transpose: both are a sparse matrix along each axis (resize_taps.h), applied
// row by row.
#include <algorithm>

#include "kernels/contract.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"
#include "kernels/resize_taps.h"

namespace gramgrad::cpu {
namespace {

// y (+)= rows * x * columns^T, for every image and channel, in f64.
class SeparableProduct {
 public:
  SeparableProduct(const ResizeTaps& rows, const ResizeTaps& columns, const Tensor& x, Tensor& y,
                   WriteMode mode)
      : rows_(rows),
        columns_(columns),
        in_(x.shape()),
        out_(y.shape()),
        x_(x.data<float>()),
        y_(y.data<float>()),
        accumulate_(mode == WriteMode::accumulate) {}

  // Each worker takes every `threads`-th row and has a row of memory of its own.
  void run(const Device& device) const {
    const std::int64_t workers = device.threads();
    const std::int64_t row_size = in_[2] * in_[3];
    const Scratch<double> rows(device, workers * row_size);
    parallel_for(device.threads(), workers, [&](std::int64_t worker) {
      double* row = rows.data() + worker * row_size;
      for (std::int64_t i = worker; i < out_[0] * out_[1]; i += workers) {
        mix_rows(i / out_[1], i % out_[1], row);
        mix_columns(row, y_ + i * out_[2] * out_[3]);
      }
    });
  }

 private:
  void mix_rows(std::int64_t n, std::int64_t oh, double* row) const {
    const std::int64_t size = in_[2] * in_[3];
    std::fill_n(row, size, 0.0);
    for (const ResizeTap& tap : rows_.row(oh)) {
      const float* from = x_ + (n * in_[1] + tap.source) * size;
      for (std::int64_t i = 0; i < size; ++i) {
        row[i] += tap.weight * static_cast<double>(from[i]);
      }
    }
  }

  void mix_columns(const double* row, float* y) const {
    const std::int64_t channels = out_[3];
    for (std::int64_t ow = 0; ow < out_[2]; ++ow) {
      for (std::int64_t c = 0; c < channels; ++c) {
        float& to = y[ow * channels + c];
        double sum = accumulate_ ? static_cast<double>(to) : 0.0;
        for (const ResizeTap& tap : columns_.row(ow)) {
          sum += tap.weight * row[tap.source * channels + c];
        }
        to = static_cast<float>(sum);
      }
    }
  }

  const ResizeTaps& rows_;
  const ResizeTaps& columns_;
  Shape in_, out_;
  const float* x_;
  float* y_;
  bool accumulate_;
};

}  // namespace

void resize(ResizeFilter filter, const Tensor& x, Tensor& y) {
  check_resize(x, y);
  const ResizeTaps rows = resize_taps(filter, x.shape()[1], y.shape()[1]);
  const ResizeTaps columns = resize_taps(filter, x.shape()[2], y.shape()[2]);
  SeparableProduct(rows, columns, x, y, WriteMode::assign).run(x.device());
}

void resize_backward(ResizeFilter filter, const Tensor& dy, Tensor& dx, WriteMode mode) {
  check_resize_backward(dy, dx);
  const std::int64_t height = dx.shape()[1];
  const std::int64_t width = dx.shape()[2];
  const ResizeTaps rows = transposed(resize_taps(filter, height, dy.shape()[1]), height);
  const ResizeTaps columns = transposed(resize_taps(filter, width, dy.shape()[2]), width);
  SeparableProduct(rows, columns, dy, dx, mode).run(dx.device());
}

}  // namespace gramgrad::cpu
