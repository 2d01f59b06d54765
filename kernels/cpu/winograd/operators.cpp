// Both operators are the same convolution: of x with the filters, and of the output's gradient with
// the turned filters. Image by image.
#include "kernels/cpu/winograd/operators.h"

#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/winograd/convolution.h"

namespace gramgrad::cpu {
namespace {

constexpr std::int64_t fewest_channels = 16;

WinogradOutput image_output(const Conv2dParams& params, const float* bias,
                            const Conv2dOutputs& outputs, const Shape& full, std::int64_t n) {
  const std::int64_t pixels = full[1] * full[2];
  const std::int64_t pooled = (full[1] / 2) * (full[2] / 2);
  const std::int64_t mask_bytes = pixels * ceil_div(full[3], 8);
  return {.height = full[1],
          .width = full[2],
          .channels = full[3],
          .bias = bias,
          .relu = params.relu,
          .y = advanced(data_or_null<float>(outputs.y), n * pixels * full[3]),
          .relu_mask = advanced(data_or_null<std::uint8_t>(outputs.relu_mask), n * mask_bytes),
          .pool = params.pool,
          .pooled = advanced(data_or_null<float>(outputs.pooled), n * pooled * full[3]),
          .winners = advanced(data_or_null<std::uint8_t>(outputs.pool_mask), n * pooled * full[3])};
}

}  // namespace

bool suits_winograd(const Conv2dParams& params, const Shape& w) {
  return w[1] == 3 && w[2] == 3 && params.stride == 1 && w[0] >= fewest_channels &&
         w[3] >= fewest_channels;
}

void winograd_conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w,
                     const Tensor& bias, const Conv2dOutputs& outputs) {
  const Device& device = x.device();
  CpuBackend& backend = device.state().backend<CpuBackend>();
  const Shape& in = x.shape();
  const Shape full = conv2d_output_shape(params, in, w.shape());
  const WinogradWeights weights(w.shape(), WeightOrientation::plain,
                                backend.factors(WeightOrientation::plain), full, params.padding);
  const auto u = backend.winograd_weights(w, weights, params.frozen_weights);
  for (std::int64_t n = 0; n < in[0]; ++n) {
    const MapGradient map{.height = in[1],
                          .width = in[2],
                          .channels = in[3],
                          .dy = x.data<float>() + n * in[1] * in[2] * in[3]};
    winograd_convolution(device, {map, params.padding}, weights, u->data(),
                         image_output(params, data_or_null<float>(&bias), outputs, full, n));
  }
}

void winograd_conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                                    const Tensor& w, Tensor& dx, WriteMode mode) {
  const std::int64_t padding = winograd::halo - params.padding;
  const Device& device = dx.device();
  CpuBackend& backend = device.state().backend<CpuBackend>();
  const Shape& in = dx.shape();
  const WinogradWeights weights(w.shape(), WeightOrientation::transposed,
                                backend.factors(WeightOrientation::transposed), in, padding);
  const auto u = backend.winograd_weights(w, weights, params.frozen_weights);
  const Shape full = conv2d_output_shape(params, in, w.shape());
  for (std::int64_t n = 0; n < in[0]; ++n) {
    winograd_convolution(device, {image_gradient(params, gradients, full, n), padding}, weights,
                         u->data(),
                         {.height = in[1],
                          .width = in[2],
                          .channels = in[3],
                          .accumulate = mode == WriteMode::accumulate,
                          .y = dx.data<float>() + n * in[1] * in[2] * in[3]});
  }
}

}  // namespace gramgrad::cpu
