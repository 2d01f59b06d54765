// The rows of the picture that a row of outputs sees, column by column, times the kernel.
#include "kernels/cpu/picture_convolution.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/arguments.h"
#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"

namespace gramgrad::cpu {
namespace {

// Rows of outputs that a thread takes at a time.
constexpr std::int64_t rows_of_a_task = 4;

}  // namespace

PictureConvolution::PictureConvolution(const Device& device, const Conv2dParams& params,
                                       const Tensor& w, const float* bias, const Shape& in,
                                       const Shape& full)
    : device_(device),
      w_(w.shape()),
      stride_(params.stride),
      padding_(params.padding),
      in_height_(in[1]),
      in_width_(in[2]),
      out_height_(full[1]),
      out_width_(full[2]),
      panels_(device, w_.size()),
      bias_(device, w_[0]),
      columns_(device, device.threads() * covered_columns() * column()) {
  std::vector<float> matrix(static_cast<std::size_t>(w_.size()));
  float* to = matrix.data();
  for (std::int64_t kw = 0; kw < w_[2]; ++kw) {
    for (std::int64_t kh = 0; kh < w_[1]; ++kh) {
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::int64_t o = 0; o < w_[0]; ++o) {
          *to++ = w.data<float>()[((o * w_[1] + kh) * w_[2] + kw) * channels + c];
        }
      }
    }
  }
  const std::int64_t inner = w_[2] * column();
  pack_panels(matrix.data(), inner, w_[0], panels_.data(), inner);
  if (bias != nullptr) {
    std::copy_n(bias, w_[0], bias_.data());
  } else {
    std::fill_n(bias_.data(), w_[0], 0.0F);
  }
}

bool PictureConvolution::suits(const Conv2dParams& params, const Shape& w) {
  return w[3] == channels && params.relu && params.pool == PoolKind::none &&
         w[0] % panel_width() == 0;
}

std::int64_t PictureConvolution::thread_bytes(const Conv2dParams& params, const Shape& w,
                                              std::int64_t out_width) {
  return ((out_width - 1) * params.stride + w[2]) * w[1] * channels * std::int64_t{sizeof(float)};
}

void PictureConvolution::run(const float* x, float* y, std::uint8_t* relu_mask) const {
  const std::int64_t outputs = w_[0];
  const std::int64_t row = out_width_ * outputs;
  const std::int64_t mask_bytes = ceil_div(outputs, 8);
  const bool whole_lines = outputs % cache_line_floats == 0 &&
                           reinterpret_cast<std::uintptr_t>(y) % cache_line_bytes == 0;
  const bool stays = out_height_ * row * std::int64_t{sizeof(float)} <= shared_cache_bytes();
  parallel_for_slots(
      device_.threads(), ceil_div(out_height_, rows_of_a_task), [&](std::int64_t task, int slot) {
        float* columns = columns_.data() + slot * covered_columns() * column();
        const std::int64_t first = task * rows_of_a_task;
        for (std::int64_t h = first; h < std::min(first + rows_of_a_task, out_height_); ++h) {
          gather(x, h, columns);
          const BiasAndRelu finish{bias_.data(), advanced(relu_mask, h * out_width_ * mask_bytes),
                                   mask_bytes};
          multiply_rows({.x = columns,
                         .x_stride = stride_ * column(),
                         .b = panels_.data(),
                         .inner = w_[2] * column(),
                         .y = y + h * row,
                         .y_stride = outputs,
                         .rows = out_width_,
                         .columns = outputs,
                         .accumulate = false,
                         .finish = &finish,
                         .y_cache = whole_lines && !stays ? Cache::none : Cache::own});
        }
      });
}

// columns[w][kh][c] is the pixel (h stride - padding + kh, w - padding); 0 outside the picture.
void PictureConvolution::gather(const float* x, std::int64_t h, float* columns) const {
  const std::int64_t covered = covered_columns();
  for (std::int64_t kh = 0; kh < w_[1]; ++kh) {
    const std::int64_t from = h * stride_ - padding_ + kh;
    const bool in_picture = from >= 0 && from < in_height_;
    const std::int64_t begin = in_picture ? std::min(padding_, covered) : covered;
    const std::int64_t end = in_picture ? std::min(padding_ + in_width_, covered) : covered;
    const std::int64_t first = (from * in_width_ - padding_) * channels;
    for (std::int64_t w = 0; w < covered; ++w) {
      float* to = columns + (w * w_[1] + kh) * channels;
      const bool inside = w >= begin && w < end;
      for (std::int64_t c = 0; c < channels; ++c) {
        to[c] = inside ? x[first + w * channels + c] : 0.0F;
      }
    }
  }
}

}  // namespace gramgrad::cpu
