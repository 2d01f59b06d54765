// Convolutions of pictures of whole numbers, which are exact, on every instruction set and with
// several threads.
#include "kernels/cpu/picture_convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/cpu/ceil_div.h"
#include "kernels/cpu/panels.h"
#include "kernels/tensor.h"
#include "tests/kernels/aligned.h"
#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/whole_numbers.h"

namespace gramgrad::tests {
namespace {

struct PictureSize {
  std::int64_t height, width, kernel_height, kernel_width;
  int stride, padding;
};

float direct(const PictureSize& size, const float* x, const float* filter, std::int64_t h,
             std::int64_t w) {
  float sum = 0;
  for (std::int64_t r = 0; r < size.kernel_height; ++r) {
    for (std::int64_t s = 0; s < size.kernel_width; ++s) {
      const std::int64_t row = h * size.stride - size.padding + r;
      const std::int64_t column = w * size.stride - size.padding + s;
      if (row >= 0 && row < size.height && column >= 0 && column < size.width) {
        for (std::int64_t c = 0; c < 3; ++c) {
          sum +=
              x[(row * size.width + column) * 3 + c] * filter[(r * size.kernel_width + s) * 3 + c];
        }
      }
    }
  }
  return sum;
}

void expect_exact_convolution(const PictureSize& size, int threads, bool with_bias,
                              bool with_mask) {
  const Device device = Device::cpu(threads);
  const std::int64_t outputs = 2 * cpu::panel_width();
  const Shape in{1, size.height, size.width, 3};
  Tensor w(device, {outputs, size.kernel_height, size.kernel_width, 3}, DType::f32);
  const Conv2dParams params{.stride = size.stride, .padding = size.padding, .relu = true};
  ASSERT_TRUE(cpu::PictureConvolution::suits(params, w.shape()));
  const Shape full = conv2d_output_shape(params, in, w.shape());
  std::vector<float> x;
  for (std::int64_t i = 0; i < in.size(); ++i) {
    x.push_back(static_cast<float>(whole_number(i)));
  }
  for (std::int64_t i = 0; i < w.shape().size(); ++i) {
    w.data<float>()[i] = static_cast<float>(whole_number(3 * i + 1));
  }
  std::vector<float> bias;
  for (std::int64_t o = 0; o < outputs; ++o) {
    bias.push_back(static_cast<float>(5 * whole_number(o)));
  }
  const std::int64_t mask_bytes = cpu::ceil_div(outputs, 8);
  Aligned<float> y(full.size(), std::numeric_limits<float>::quiet_NaN());
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(full[1] * full[2] * mask_bytes), 0xff);
  cpu::PictureConvolution(device, params, w, with_bias ? bias.data() : nullptr, in, full)
      .run(x.data(), y.data(), with_mask ? mask.data() : nullptr);
  for (std::int64_t i = 0; i < full.size(); ++i) {
    const std::int64_t pixel = i / outputs;
    const std::int64_t o = i % outputs;
    const float* filter = w.data<float>() + o * size.kernel_height * size.kernel_width * 3;
    const float sum = direct(size, x.data(), filter, pixel / full[2], pixel % full[2]) +
                      (with_bias ? bias[static_cast<std::size_t>(o)] : 0);
    ASSERT_EQ(y.data()[i], std::max(sum, 0.0F)) << "pixel " << pixel << ", output " << o;
    const int byte = mask[static_cast<std::size_t>(pixel * mask_bytes + o / 8)];
    ASSERT_EQ(byte >> (o % 8) & 1, !with_mask || sum > 0) << "pixel " << pixel << ", output " << o;
  }
}

TEST(PictureConvolution, IsExactWhereSumsAre) {
  const std::vector<PictureSize> sizes{{9, 14, 3, 3, 1, 1}, {1, 1, 3, 3, 1, 1}, {13, 1, 5, 3, 1, 2},
                                       {1, 11, 9, 9, 1, 4}, {2, 3, 3, 3, 1, 4}, {12, 9, 7, 7, 2, 3},
                                       {8, 10, 2, 5, 3, 0}, {6, 5, 1, 1, 1, 0}};
  for_each_instruction_set([&] {
    for (const PictureSize& size : sizes) {
      SCOPED_TRACE(testing::Message()
                   << size.height << "x" << size.width << ", kernel " << size.kernel_height << "x"
                   << size.kernel_width << ", stride " << size.stride << ", padding "
                   << size.padding);
      expect_exact_convolution(size, 1, true, true);
      expect_exact_convolution(size, 3, false, true);
      expect_exact_convolution(size, 2, true, false);
    }
  });
}

TEST(PictureConvolution, HidesNoNaN) {
  const Device device = Device::cpu(1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor w(device, {cpu::panel_width(), 3, 3, 3}, DType::f32);
  std::fill_n(w.data<float>(), w.shape().size(), -1.0F);
  const Shape in{1, 4, 5, 3};
  std::vector<float> x(static_cast<std::size_t>(in.size()), 1.0F);
  x[0] = nan;
  const Conv2dParams params{.padding = 1, .relu = true};
  const Shape full = conv2d_output_shape(params, in, w.shape());
  Aligned<float> y(full.size(), 0.0F);
  cpu::PictureConvolution(device, params, w, nullptr, in, full).run(x.data(), y.data(), nullptr);
  for (std::int64_t pixel = 0; pixel < 20; ++pixel) {
    const float value = y.data()[pixel * full[3]];
    const bool sees_it = pixel / 5 < 2 && pixel % 5 < 2;
    EXPECT_TRUE(sees_it ? value != value : value == 0) << "pixel " << pixel;
  }
}

}  // namespace
}  // namespace gramgrad::tests
