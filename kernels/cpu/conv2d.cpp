// Convolution forward: Winograd's where it suits, that of pictures, else oneDNN with bias, then
// ReLU with its mask and pooling, strip by strip. ReLU is not left to oneDNN, which would make 0 of
// NaN.
#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/picture_convolution.h"
#include "kernels/cpu/pooling.h"
#include "kernels/cpu/relu.h"
#include "kernels/cpu/strips.h"
#include "kernels/cpu/winograd/operators.h"

namespace gramgrad::cpu {
namespace {

// Where one image's outputs go; null: unwanted.
struct ImageOutputs {
  float* y;
  float* pooled;
  std::uint8_t* relu_mask;
  std::uint8_t* pool_mask;
};

class Convolution {
 public:
  Convolution(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
              const Conv2dOutputs& outputs)
      : params_(params),
        device_(x.device()),
        backend_(device_.state().backend<CpuBackend>()),
        in_(x.shape()),
        full_(conv2d_output_shape(params, x.shape(), w.shape())),
        w_(w),
        bias_(data_or_null<float>(&bias)),
        outputs_{data_or_null<float>(outputs.y), data_or_null<float>(outputs.pooled),
                 data_or_null<std::uint8_t>(outputs.relu_mask),
                 data_or_null<std::uint8_t>(outputs.pool_mask)},
        rows_(choose_rows()) {}

  void run(const float* x) const {
    const std::int64_t row = full_[2] * full_[3];
    const Scratch<float> momentary(device_, outputs_.y == nullptr ? rows_ * row : 0);
    const StripGeometry geometry{in_[1], full_[1], w_.shape()[1], params_.stride, params_.padding};
    for (std::int64_t n = 0; n < full_[0]; ++n) {
      const ImageOutputs image = image_outputs(n);
      for (std::int64_t first = 0; first < full_[1]; first += rows_) {
        const Strip strip = geometry.strip(first, std::min(full_[1], first + rows_));
        float* y = image.y != nullptr ? image.y + first * row : momentary.data();
        convolve(strip, x + (n * in_[1] + strip.in_begin) * in_[2] * in_[3], y);
        finish(strip, y, image);
      }
    }
  }

 private:
  // A strip of the whole map where nothing is done after the convolution, or where a strip might
  // lie wholly in the padding.
  std::int64_t choose_rows() const {
    const bool finished = outputs_.pooled == nullptr && !params_.relu;
    return finished || params_.padding >= w_.shape()[1]
               ? full_[1]
               : rows_per_strip(full_[1], full_[2] * full_[3] * std::int64_t{sizeof(float)});
  }

  ImageOutputs image_outputs(std::int64_t n) const {
    const std::int64_t pixels = full_[1] * full_[2];
    const std::int64_t pooled = (full_[1] / 2) * (full_[2] / 2);
    return {advanced(outputs_.y, n * pixels * full_[3]),
            advanced(outputs_.pooled, n * pooled * full_[3]),
            advanced(outputs_.relu_mask, n * pixels * ceil_div(full_[3], 8)),
            advanced(outputs_.pool_mask, n * pooled * full_[3])};
  }

  void convolve(const Strip& strip, const float* x, float* y) const {
    const Shape& w = w_.shape();
    const ConvolutionPlan& plan = backend_.plan(
        {.kind = ConvolutionKind::forward,
         .in_height = strip.in_end - strip.in_begin,
         .in_width = in_[2],
         .in_channels = in_[3],
         .out_height = strip.out_end - strip.out_begin,
         .out_width = full_[2],
         .out_channels = full_[3],
         .kernel_height = w[1],
         .kernel_width = w[2],
         .stride = params_.stride,
         .pad_top = strip.pad_top,
         .pad_bottom = strip.pad_bottom,
         .pad_left = params_.padding,
         .pad_right = (full_[2] - 1) * params_.stride - params_.padding + w[2] - in_[2],
         .bias = bias_ != nullptr});
    backend_.run(plan, x, backend_.pack(plan, w_, WeightOrientation::plain, params_.frozen_weights),
                 bias_, y);
  }

  // ReLU, masks and pooling of a strip, two rows a task.
  void finish(const Strip& strip, float* y, const ImageOutputs& image) const {
    if (image.pooled == nullptr && !params_.relu) {
      return;
    }
    parallel_ranges(device_.threads(), strip.out_end - strip.out_begin, 2,
                    [&](std::int64_t begin, std::int64_t end) {
                      float* rows = y + begin * full_[2] * full_[3];
                      const std::int64_t h = strip.out_begin + begin;
                      if (params_.relu) {
                        write_relu(rows, rows, (end - begin) * full_[2], full_[3],
                                   advanced(image.relu_mask, h * full_[2] * ceil_div(full_[3], 8)));
                      }
                      if (image.pooled != nullptr && end - begin == 2) {
                        pool(rows, h / 2, image);
                      }
                    });
  }

  void pool(const float* rows, std::int64_t pooled_row, const ImageOutputs& image) const {
    const std::int64_t first = pooled_row * (full_[2] / 2) * full_[3];
    pool_row({.kind = params_.pool}, {.x = rows,
                                      .in_width = full_[2],
                                      .out_width = full_[2] / 2,
                                      .channels = full_[3],
                                      .y = image.pooled + first,
                                      .winners = advanced(image.pool_mask, first)});
  }

  const Conv2dParams& params_;
  const Device& device_;
  CpuBackend& backend_;
  Shape in_, full_;
  const Tensor& w_;
  const float* bias_;
  ImageOutputs outputs_;
  std::int64_t rows_;  // of a strip
};

void convolve_pictures(const Conv2dParams& params, const Tensor& x, const Tensor& w,
                       const Tensor& bias, const Conv2dOutputs& outputs) {
  const Shape full = conv2d_output_shape(params, x.shape(), w.shape());
  const PictureConvolution convolution(x.device(), params, w, data_or_null<float>(&bias), x.shape(),
                                       full);
  for (std::int64_t n = 0; n < full[0]; ++n) {
    const std::int64_t pixels = full[1] * full[2];
    convolution.run(
        x.data<float>() + n * (x.size() / full[0]), outputs.y->data<float>() + n * pixels * full[3],
        advanced(data_or_null<std::uint8_t>(outputs.relu_mask), n * pixels * ceil_div(full[3], 8)));
  }
}

}  // namespace

void conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
            const Conv2dOutputs& outputs) {
  check_conv2d(params, x, w, bias, outputs);
  if (suits_winograd(params, w.shape())) {
    winograd_conv2d(params, x, w, bias, outputs);
  } else if (PictureConvolution::suits(params, w.shape()) && data_or_null<float>(outputs.y)) {
    convolve_pictures(params, x, w, bias, outputs);
  } else {
    Convolution(params, x, w, bias, outputs).run(x.data<float>());
  }
}

}  // namespace gramgrad::cpu
