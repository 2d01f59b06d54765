// Gradient of a convolution with respect to a picture: 3 channels leave most of a vector idle in an
// ordinary convolution (oneDNN's runs at a fifth of its speed), so all positions of the kernel are
// computed together, as 3 Kh Kw channels, and then added up.
#pragma once

#include <functional>

#include "kernels/cpu/scratch.h"
#include "kernels/cpu/strips.h"

namespace gramgrad::cpu {

class PictureGradient {
 public:
  // Of stride 1. w [O, Kh, Kw, 3]; dz has out_width pixels in a row, the picture in_width.
  // At most `most_rows` rows of dz at a time.
  PictureGradient(const Device& device, const Tensor& w, std::int64_t padding,
                  std::int64_t in_width, std::int64_t out_width, std::int64_t most_rows);

  static bool suits(const Shape& w) { return w[3] == channels; }

  // Bytes of the products that are kept for a row of dz, of out_width pixels.
  static std::int64_t row_bytes(const Shape& w, std::int64_t out_width);

  // Row h of dz, [out_width, O], for the thread with the number `slot`. Must not throw.
  using GradientRow = std::function<const float*(std::int64_t h, int slot)>;
  // dx, from row strip.out_begin on, (+)= the gradient.
  void add_strip(const Strip& strip, const GradientRow& dz, float* dx, WriteMode mode) const;

 private:
  static constexpr std::int64_t channels = 3;

  void multiply(const float* dz, float* products) const;
  void gather(const Strip& strip, std::int64_t h, float* dx, WriteMode mode) const;

  const Device& device_;
  Shape w_;
  std::int64_t padding_, in_width_, out_width_;
  std::int64_t columns_;     // 3 Kh Kw
  std::int64_t padded_;      // to whole panels, with at least one column more
  Scratch<float> panels_;    // w as [O, columns]
  Scratch<float> products_;  // dz * w: [rows, out_width, padded]
};

}  // namespace gramgrad::cpu
