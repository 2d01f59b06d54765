// Products of a strip's gradient with all of the kernel, and their sum for each pixel.
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

}  // namespace

PictureGradient::PictureGradient(const Device& device, const Tensor& w, std::int64_t padding,
                                 std::int64_t in_width, std::int64_t out_width,
                                 std::int64_t most_rows)
    : device_(device),
      w_(w.shape()),
      padding_(padding),
      in_width_(in_width),
      out_width_(out_width),
      columns_(w_[1] * w_[2] * channels),
      padded_(product_columns(w_)),
      panels_(device, padded_ * w_[0]),
      products_(device, most_rows * out_width * padded_) {
  pack_panels(w.data<float>(), w_[0], columns_, panels_.data(), w_[0]);
}

std::int64_t PictureGradient::row_bytes(const Shape& w, std::int64_t out_width) {
  return out_width * product_columns(w) * std::int64_t{sizeof(float)};
}

void PictureGradient::add_strip(const Strip& strip, const GradientRow& dz, float* dx,
                                WriteMode mode) const {
  parallel_for_slots(
      device_.threads(), strip.in_end - strip.in_begin, [&](std::int64_t row, int slot) {
        multiply(dz(strip.in_begin + row, slot), products_.data() + row * out_width_ * padded_);
      });
  parallel_for(device_.threads(), strip.out_end - strip.out_begin, [&](std::int64_t i) {
    gather(strip, strip.out_begin + i, dx + i * in_width_ * channels, mode);
  });
}

// Whole panels, and so whole vectors; what is beyond the columns is not read.
void PictureGradient::multiply(const float* dz, float* products) const {
  multiply_rows({.x = dz,
                 .x_stride = w_[0],
                 .b = panels_.data(),
                 .inner = w_[0],
                 .y = products,
                 .y_stride = padded_,
                 .rows = out_width_,
                 .columns = padded_columns(columns_),
                 .accumulate = false,
                 .far_x = true});
}

// dx[h, w] (+)= the sum over (kh, kw) of products[h + padding - kh, w + padding - kw, kh, kw].
void PictureGradient::gather(const Strip& strip, std::int64_t h, float* dx, WriteMode mode) const {
  const std::int64_t first_kh = std::max<std::int64_t>(0, h + padding_ - strip.in_end + 1);
  const std::int64_t last_kh = std::min(w_[1], h + padding_ - strip.in_begin + 1);
  for (std::int64_t w = 0; w < in_width_; ++w) {
    const std::int64_t first_kw = std::max<std::int64_t>(0, w + padding_ - out_width_ + 1);
    const std::int64_t last_kw = std::min(w_[2], w + padding_ + 1);
    float sums[channels + 1] = {};  // one more than needed: that fills a vector
    for (std::int64_t kh = first_kh; kh < last_kh; ++kh) {
      const float* row =
          products_.data() + (h + padding_ - kh - strip.in_begin) * out_width_ * padded_;
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
