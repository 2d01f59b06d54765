// What the cpu device's convolutions keep and take: see conv2d.cpp, conv2d_backward_input.cpp.
#include "kernels/convolution_memory.h"

#include <algorithm>

#include "kernels/cpu/picture_gradient.h"
#include "kernels/cpu/strips.h"
#include "kernels/cpu/winograd/convolution.h"
#include "kernels/cpu/winograd/operators.h"

namespace gramgrad {
namespace {

constexpr std::int64_t float_bytes = sizeof(float);

ConvolutionMemory winograd_memory(int threads, const Shape& x, const Shape& y, const Shape& w) {
  const cpu::WinogradWeights forward(w, cpu::WeightOrientation::plain);
  const cpu::WinogradWeights backward(w, cpu::WeightOrientation::transposed);
  return {
      .packed = forward.floats() * float_bytes,
      .packed_gradient = backward.packed == forward.packed ? 0 : backward.floats() * float_bytes,
      .workspace = std::max(cpu::winograd_workspace_bytes(threads, y[1], y[2], forward),
                            cpu::winograd_workspace_bytes(threads, x[1], x[2], backward))};
}

}  // namespace

ConvolutionMemory convolution_memory(const Device& device, const Conv2dParams& params,
                                     const Shape& x, const Shape& w) {
  if (device.kind() != Device::Kind::cpu) {
    return {};
  }
  const Shape y = conv2d_output_shape(params, x, w);
  if (cpu::suits_winograd(params, w)) {
    return winograd_memory(device.threads(), x, y, w);
  }
  const std::int64_t weights = w.size() * float_bytes;
  return {.packed = weights,
          .packed_gradient = cpu::PictureGradient::suits(w) ? 0 : weights,
          .workspace = std::min(y.size() * float_bytes, cpu::strip_bytes)};
}

}  // namespace gramgrad
