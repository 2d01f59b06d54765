// Convolution of a picture, with ReLU: 3 channels leave most of a vector idle in an ordinary
// convolution, so that a pixel's channels from all rows of the kernel are put together: then a
// window is one run of numbers, and windows are rows of a matrix that overlap.
#pragma once

#include <cstdint>

#include "kernels/cpu/scratch.h"
#include "kernels/ops.h"
#include "kernels/shape.h"

namespace gramgrad::cpu {

class PictureConvolution {
 public:
  // w [O, Kh, Kw, 3]; `in` is the picture's shape, `full` the output's.
  PictureConvolution(const Device& device, const Conv2dParams& params, const Tensor& w,
                     const float* bias, const Shape& in, const Shape& full);

  // With ReLU, whole panels of outputs and no pooling.
  static bool suits(const Conv2dParams& params, const Shape& w);

  // Bytes of the windows that each thread keeps.
  static std::int64_t thread_bytes(const Conv2dParams& params, const Shape& w,
                                   std::int64_t out_width);

  // One image: x [H, W, 3], y [Ho, Wo, O], relu_mask as in Conv2dOutputs, or null: unwanted.
  void run(const float* x, float* y, std::uint8_t* relu_mask) const;

 private:
  static constexpr std::int64_t channels = 3;

  std::int64_t column() const { return w_[1] * channels; }  // floats
  std::int64_t covered_columns() const { return (out_width_ - 1) * stride_ + w_[2]; }
  void gather(const float* x, std::int64_t h, float* columns) const;

  const Device& device_;
  Shape w_;
  std::int64_t stride_, padding_, in_height_, in_width_, out_height_, out_width_;
  Scratch<float> panels_;  // w as [Kw Kh 3, O]
  Scratch<float> bias_;
  Scratch<float> columns_;  // of each thread
};

}  // namespace gramgrad::cpu
