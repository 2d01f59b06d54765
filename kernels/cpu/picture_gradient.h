// Gradient of a convolution with respect to a picture: 3 channels leave most of a vector idle in an
// ordinary convolution (oneDNN's runs at a fifth of its speed), so all positions of the kernel are
// computed together, as 3 Kh Kw channels, and then added up.
#pragma once

#include <functional>

#include "kernels/cpu/scratch.h"
#include "kernels/shape.h"

namespace gramgrad::cpu {

class PictureGradient {
 public:
  // Of stride 1. w [O, Kh, Kw, 3]; `full` is dz's shape, `in` the picture's.
  PictureGradient(const Device& device, const Tensor& w, std::int64_t padding, const Shape& in,
                  const Shape& full);

  static bool suits(const Shape& w) { return w[3] == channels; }

  // Bytes of the products that each thread keeps.
  static std::int64_t thread_bytes(const Shape& w, std::int64_t out_width);

  // A row of dz, [W, O], and as much memory, or null, that the next one will be made of.
  struct Row {
    const float* dz;
    const float* next;
  };
  // Row h for the thread with the number `slot`. Must not throw.
  using MakeRow = std::function<Row(std::int64_t h, int slot)>;
  // dx (+)= the gradient, for one image.
  void add(const MakeRow& make_row, float* dx, WriteMode mode) const;

 private:
  static constexpr std::int64_t channels = 3;

  std::int64_t product_row() const { return out_width_ * padded_; }
  void multiply(const Row& row, float* products) const;
  void gather(const float* products, std::int64_t h, float* dx, WriteMode mode) const;

  const Device& device_;
  Shape w_;
  std::int64_t padding_, in_height_, in_width_, out_height_, out_width_;
  std::int64_t columns_;   // 3 Kh Kw
  std::int64_t padded_;    // to whole panels, with at least one column more
  Scratch<float> panels_;  // w as [O, columns]
  // dz * w: [Kh, out_width, padded] for each thread; row h of dz is row h % Kh.
  Scratch<float> products_;
};

}  // namespace gramgrad::cpu
