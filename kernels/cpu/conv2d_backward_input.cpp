// Gradient of convolution with respect to its input: Winograd's where it suits; else
// dz = relu_mask * (dy + unpool(dpooled)), strip by strip, then oneDNN. With stride 1 it is itself
// a convolution, of dz with turned kernels: faster than oneDNN's own gradient in NHWC, and it can
// add to dx.
#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/map_gradient.h"
#include "kernels/cpu/picture_gradient.h"
#include "kernels/cpu/strips.h"
#include "kernels/cpu/winograd/operators.h"

namespace gramgrad::cpu {
namespace {

class InputGradient {
 public:
  InputGradient(const Conv2dParams& params, const Conv2dGradients& gradients, const Tensor& w,
                Tensor& dx)
      : params_(params),
        gradients_(gradients),
        device_(dx.device()),
        backend_(device_.state().backend<CpuBackend>()),
        w_(w),
        in_(dx.shape()),
        full_(conv2d_output_shape(params, dx.shape(), w.shape())),
        dz_is_dy_(!params.relu && data_or_null<float>(gradients.dpooled) == nullptr) {}

  bool is_convolution() const {
    return params_.stride == 1 && params_.padding < std::min(w_.shape()[1], w_.shape()[2]);
  }

  // dx (+)= the gradient, where it is a convolution of dz.
  void convolve(float* dx, WriteMode mode) const {
    const std::int64_t row = full_[2] * full_[3];
    const std::int64_t rows = cpu::rows_per_strip(in_[1], row * std::int64_t{sizeof(float)});
    const Scratch<float> dz(device_, dz_is_dy_ ? 0 : (rows + halo()) * row);
    const StripGeometry geometry{full_[1], in_[1], w_.shape()[1], 1, halo() - params_.padding};
    for (std::int64_t n = 0; n < in_[0]; ++n) {
      for (std::int64_t first = 0; first < in_[1]; first += rows) {
        const Strip strip = geometry.strip(first, std::min(in_[1], first + rows));
        const ConvolutionPlan& plan = backend_.plan(strip_key(strip, mode));
        backend_.run(plan, dz_rows(n, strip.in_begin, strip.in_end, dz.data()),
                     backend_.pack(plan, w_, WeightOrientation::transposed, params_.frozen_weights),
                     nullptr, dx + (n * in_[1] + first) * in_[2] * in_[3]);
      }
    }
  }

  // The same, where the input is a picture: each thread writes the row of dz that it needs.
  void convolve_to_picture(float* dx, WriteMode mode) const {
    const std::int64_t row = full_[2] * full_[3];
    const PictureGradient picture(device_, w_, params_.padding, in_, full_);
    const Scratch<float> dz(device_, dz_is_dy_ ? 0 : device_.threads() * row);
    for (std::int64_t n = 0; n < in_[0]; ++n) {
      const float* dy = image_gradient(params_, gradients_, full_, n).dy;
      const auto make_row = [&](std::int64_t h, int slot) -> PictureGradient::Row {
        return {dz_row(n, h, dz.data() + slot * row),
                advanced(h + 1 < full_[1] ? dy : nullptr, (h + 1) * row)};
      };
      picture.add(make_row, dx + n * in_[1] * in_[2] * in_[3], mode);
    }
  }

  // dx = the gradient, for every convolution.
  void transpose(float* dx) const {
    const Scratch<float> dz(device_, dz_is_dy_ ? 0 : full_[1] * full_[2] * full_[3]);
    const ConvolutionPlan& plan = backend_.plan(whole_key());
    const auto weights = backend_.pack(plan, w_, WeightOrientation::plain, params_.frozen_weights);
    for (std::int64_t n = 0; n < in_[0]; ++n) {
      backend_.run(plan, dz_rows(n, 0, full_[1], dz.data()), weights, nullptr,
                   dx + n * in_[1] * in_[2] * in_[3]);
    }
  }

 private:
  std::int64_t halo() const { return w_.shape()[1] - 1; }

  // Row h of image n's dz, written into `buffer` unless dz is dy.
  const float* dz_row(std::int64_t n, std::int64_t h, float* buffer) const {
    const MapGradient gradient = image_gradient(params_, gradients_, full_, n);
    if (dz_is_dy_) {
      return gradient.dy + h * full_[2] * full_[3];
    }
    write_gradient_row(gradient, h, buffer, WriteMode::assign);
    return buffer;
  }
  // Rows [begin, end), likewise.
  const float* dz_rows(std::int64_t n, std::int64_t begin, std::int64_t end, float* buffer) const {
    const std::int64_t row = full_[2] * full_[3];
    if (dz_is_dy_) {
      return dz_row(n, begin, buffer);
    }
    parallel_for(device_.threads(), end - begin,
                 [&](std::int64_t i) { dz_row(n, begin + i, buffer + i * row); });
    return buffer;
  }

  ConvolutionKey strip_key(const Strip& strip, WriteMode mode) const {
    const Shape& w = w_.shape();
    return {.kind = ConvolutionKind::forward,
            .in_height = strip.in_end - strip.in_begin,
            .in_width = full_[2],
            .in_channels = full_[3],
            .out_height = strip.out_end - strip.out_begin,
            .out_width = in_[2],
            .out_channels = in_[3],
            .kernel_height = w[1],
            .kernel_width = w[2],
            .stride = 1,
            .pad_top = strip.pad_top,
            .pad_bottom = strip.pad_bottom,
            .pad_left = w[2] - 1 - params_.padding,
            .pad_right = w[2] - 1 - params_.padding,
            .accumulate = mode == WriteMode::accumulate};
  }

  ConvolutionKey whole_key() const {
    const Shape& w = w_.shape();
    return {.kind = ConvolutionKind::backward_input,
            .in_height = in_[1],
            .in_width = in_[2],
            .in_channels = in_[3],
            .out_height = full_[1],
            .out_width = full_[2],
            .out_channels = full_[3],
            .kernel_height = w[1],
            .kernel_width = w[2],
            .stride = params_.stride,
            .pad_top = params_.padding,
            .pad_bottom = (full_[1] - 1) * params_.stride - params_.padding + w[1] - in_[1],
            .pad_left = params_.padding,
            .pad_right = (full_[2] - 1) * params_.stride - params_.padding + w[2] - in_[2]};
  }

  const Conv2dParams& params_;
  const Conv2dGradients& gradients_;
  const Device& device_;
  CpuBackend& backend_;
  const Tensor& w_;
  Shape in_, full_;
  bool dz_is_dy_;
};

}  // namespace

void conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                           const Tensor& w, Tensor& dx, WriteMode mode) {
  check_conv2d_backward_input(params, gradients, w, dx);
  if (suits_winograd(params, w.shape())) {
    winograd_conv2d_backward_input(params, gradients, w, dx, mode);
    return;
  }
  const InputGradient gradient(params, gradients, w, dx);
  if (gradient.is_convolution() && PictureGradient::suits(w.shape())) {
    gradient.convolve_to_picture(dx.data<float>(), mode);
  } else if (gradient.is_convolution()) {
    gradient.convolve(dx.data<float>(), mode);
  } else if (mode == WriteMode::assign) {
    gradient.transpose(dx.data<float>());
  } else {
    Tensor part(dx.device(), dx.shape(), dx.dtype());
    gradient.transpose(part.data<float>());
    axpby(1, part, 1, dx);
  }
}

}  // namespace gramgrad::cpu
