// What the cpu device's convolutions keep and take: see conv2d.cpp, conv2d_backward_input.cpp.
#include "kernels/convolution_memory.h"

#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/picture_convolution.h"
#include "kernels/cpu/picture_gradient.h"
#include "kernels/cpu/strips.h"
#include "kernels/cpu/winograd/convolution.h"
#include "kernels/cpu/winograd/operators.h"

namespace gramgrad {
namespace {

constexpr std::int64_t float_bytes = sizeof(float);

ConvolutionMemory winograd_memory(const Device& device, const Conv2dParams& params, const Shape& x,
                                  const Shape& y, const Shape& w) {
  const auto weights = [&](cpu::WeightOrientation orientation, const Shape& map,
                           std::int64_t padding) {
    const auto& backend = device.state().backend<cpu::CpuBackend>();
    return cpu::WinogradWeights(w, orientation, backend.factors(orientation), map, padding);
  };
  const cpu::WinogradWeights forward = weights(cpu::WeightOrientation::plain, y, params.padding);
  const cpu::WinogradWeights backward =
      weights(cpu::WeightOrientation::transposed, x, cpu::winograd::halo - params.padding);
  const int threads = device.threads();
  return {.packed = forward.elements() * float_bytes,
          .packed_gradient =
              backward.packed == forward.packed && backward.tile_shape == forward.tile_shape
                  ? 0
                  : backward.elements() * float_bytes,
          .workspace = cpu::winograd_workspace_bytes(threads, y[1], y[2], forward),
          .workspace_gradient = cpu::winograd_workspace_bytes(threads, x[1], x[2], backward)};
}

// The windows of a picture for each thread; else a strip of the output.
std::int64_t forward_bytes(const Device& device, const Conv2dParams& params, const Shape& y,
                           const Shape& w) {
  return cpu::PictureConvolution::suits(params, w)
             ? device.threads() * cpu::PictureConvolution::thread_bytes(params, w, y[2])
             : std::min(y.size() * float_bytes, cpu::strip_bytes);
}

// A strip of the output's gradient; where the input is a picture, a row of it and
// PictureGradient's products for each thread.
std::int64_t gradient_bytes(int threads, const Shape& x, const Shape& y, const Shape& w) {
  const std::int64_t row = y[2] * y[3] * float_bytes;
  return cpu::PictureGradient::suits(w)
             ? threads * (row + cpu::PictureGradient::thread_bytes(w, y[2]))
             : (cpu::rows_per_strip(x[1], row) + w[1] - 1) * row;
}

}  // namespace

ConvolutionMemory convolution_memory(const Device& device, const Conv2dParams& params,
                                     const Shape& x, const Shape& w) {
  if (device.kind() != Device::Kind::cpu) {
    return {};
  }
  const Shape y = conv2d_output_shape(params, x, w);
  if (cpu::suits_winograd(params, w)) {
    return winograd_memory(device, params, x, y, w);
  }
  const std::int64_t weights = w.size() * float_bytes;
  return {.packed = cpu::PictureConvolution::suits(params, w) ? 0 : weights,
          .packed_gradient = cpu::PictureGradient::suits(w) ? 0 : weights,
          .workspace = forward_bytes(device, params, y, w),
          .workspace_gradient = gradient_bytes(device.threads(), x, y, w)};
}

}  // namespace gramgrad
