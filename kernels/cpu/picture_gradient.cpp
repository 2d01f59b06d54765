// Products of a row's gradient with all of the kernel, and their sum for each pixel.
#include "kernels/cpu/picture_gradient.h"

#include <algorithm>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"

namespace gramgrad::cpu {
namespace {

// Of the products of a pixel: gather() reads one beyond the last.
std::int64_t product_columns(const Shape& w) {
  return padded_columns(w[1] * w[2] * w[3] + 1);
}

// Of the picture, that a thread takes at a time: the rows of dz around them are multiplied twice.
std::int64_t rows_at_a_time(std::int64_t rows, int threads) {
  constexpr std::int64_t fewest = 8;
  return std::max(fewest, ceil_div(rows, std::int64_t{4} * threads));
}

}  // namespace

PictureGradient::PictureGradient(const Device& device, const Tensor& w, std::int64_t padding,
                                 const Shape& in, const Shape& full)
    : device_(device),
      w_(w.shape()),
      padding_(padding),
      in_height_(in[1]),
      in_width_(in[2]),
      out_height_(full[1]),
      out_width_(full[2]),
      columns_(w_[1] * w_[2] * channels),
      padded_(product_columns(w_)),
      panels_(device, padded_ * w_[0]),
      products_(device, device.threads() * w_[1] * product_row()) {
  pack_panels(w.data<float>(), w_[0], columns_, panels_.data(), w_[0]);
}

std::int64_t PictureGradient::thread_bytes(const Shape& w, std::int64_t out_width) {
  return w[1] * out_width * product_columns(w) * std::int64_t{sizeof(float)};
}

// One thread multiplies a row and adds it up, so that its products never leave the core's cache.
void PictureGradient::add(const MakeRow& make_row, float* dx, WriteMode mode) const {
  const std::int64_t rows = rows_at_a_time(in_height_, device_.threads());
  parallel_for_slots(device_.threads(), ceil_div(in_height_, rows), [&](std::int64_t i, int slot) {
    float* products = products_.data() + slot * w_[1] * product_row();
    const std::int64_t begin = i * rows;
    std::int64_t next = std::max<std::int64_t>(0, begin + padding_ - w_[1] + 1);
    for (std::int64_t h = begin; h < std::min(begin + rows, in_height_); ++h) {
      for (; next <= std::min(h + padding_, out_height_ - 1); ++next) {
        multiply(make_row(next, slot), products + next % w_[1] * product_row());
      }
      gather(products, h, dx + h * in_width_ * channels, mode);
    }
  });
}

// Whole panels, and so whole vectors; what is beyond the columns is not read.
void PictureGradient::multiply(const Row& row, float* products) const {
  multiply_rows({.x = row.dz,
                 .x_stride = w_[0],
                 .b = panels_.data(),
                 .inner = w_[0],
                 .y = products,
                 .y_stride = padded_,
                 .rows = out_width_,
                 .columns = padded_columns(columns_),
                 .accumulate = false,
                 .next_x = row.next});
}

// dx[h, w] (+)= the sum over (kh, kw) of products[h + padding - kh, w + padding - kw, kh, kw].
void PictureGradient::gather(const float* products, std::int64_t h, float* dx,
                             WriteMode mode) const {
  const std::int64_t first_kh = std::max<std::int64_t>(0, h + padding_ - out_height_ + 1);
  const std::int64_t last_kh = std::min(w_[1], h + padding_ + 1);
  for (std::int64_t w = 0; w < in_width_; ++w) {
    const std::int64_t first_kw = std::max<std::int64_t>(0, w + padding_ - out_width_ + 1);
    const std::int64_t last_kw = std::min(w_[2], w + padding_ + 1);
    float sums[channels + 1] = {};  // one more than needed: that fills a vector
    for (std::int64_t kh = first_kh; kh < last_kh; ++kh) {
      const float* row = products + (h + padding_ - kh) % w_[1] * product_row();
      for (std::int64_t kw = first_kw; kw < last_kw; ++kw) {
        const float* from = row + (w + padding_ - kw) * padded_ + (kh * w_[2] + kw) * channels;
        for (std::int64_t c = 0; c <= channels; ++c) {
          sums[c] += from[c];
        }
      }
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      float& to = dx[w * channels + c];
      to = mode == WriteMode::assign ? sums[c] : to + sums[c];
    }
  }
}

}  // namespace gramgrad::cpu
