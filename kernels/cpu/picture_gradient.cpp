// Products of a strip's gradient with all of the kernel, and their sum for each pixel.
#include "kernels/cpu/picture_gradient.h"

#include <algorithm>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"

namespace gramgrad::cpu {

PictureGradient::PictureGradient(const Device& device, const Tensor& w, std::int64_t padding,
                                 std::int64_t in_width, std::int64_t out_width,
                                 std::int64_t most_rows)
    : device_(device),
      w_(w.shape()),
      padding_(padding),
      in_width_(in_width),
      out_width_(out_width),
      columns_(w_[1] * w_[2] * channels),
      panels_(device, ceil_div(columns_, panel_width()) * panel_width() * w_[0]),
      products_(device, most_rows * out_width * columns_) {
  pack_panels(w.data<float>(), w_[0], columns_, panels_.data(), w_[0]);
}

void PictureGradient::add_strip(const Strip& strip, const float* dz, float* dx,
                                WriteMode mode) const {
  parallel_for(device_.threads(), strip.in_end - strip.in_begin,
               [&](std::int64_t row) { multiply(row, dz); });
  parallel_for(device_.threads(), strip.out_end - strip.out_begin, [&](std::int64_t i) {
    gather(strip, strip.out_begin + i, dx + i * in_width_ * channels, mode);
  });
}

void PictureGradient::multiply(std::int64_t row, const float* dz) const {
  for (std::int64_t column = 0; column < columns_; column += panel_width()) {
    multiply_rows({.x = dz + row * out_width_ * w_[0],
                   .x_stride = w_[0],
                   .b = panels_.data() + column * w_[0],
                   .inner = w_[0],
                   .y = products_.data() + row * out_width_ * columns_ + column,
                   .y_stride = columns_,
                   .rows = out_width_,
                   .columns = std::min(panel_width(), columns_ - column),
                   .accumulate = false});
  }
}

// dx[h, w] (+)= the sum over (kh, kw) of products[h + padding - kh, w + padding - kw, kh, kw].
void PictureGradient::gather(const Strip& strip, std::int64_t h, float* dx, WriteMode mode) const {
  if (mode == WriteMode::assign) {
    std::fill_n(dx, in_width_ * channels, 0.0F);
  }
  for (std::int64_t tap = 0; tap < w_[1] * w_[2]; ++tap) {
    const std::int64_t oh = h + padding_ - tap / w_[2];
    const std::int64_t shift = padding_ - tap % w_[2];
    if (oh < strip.in_begin || oh >= strip.in_end) {
      continue;
    }
    const float* row =
        products_.data() + (oh - strip.in_begin) * out_width_ * columns_ + tap * channels;
    const std::int64_t end = std::min(in_width_, out_width_ - shift);
    for (std::int64_t w = std::max<std::int64_t>(0, -shift); w < end; ++w) {
      const float* from = row + (w + shift) * columns_;
      for (std::int64_t c = 0; c < channels; ++c) {
        dx[w * channels + c] += from[c];
      }
    }
  }
}

}  // namespace gramgrad::cpu
