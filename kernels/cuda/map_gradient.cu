// Gradients through ReLU and pooling. Every element gathers from the windows that cover it, so that
// nothing is added twice and the order is fixed.
#include "kernels/cuda/map_gradient.cuh"

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/relu.cuh"

namespace gramgrad::cuda {
namespace {

// Windows along one axis that cover a pixel: [begin, end).
struct Windows {
  unsigned begin, end;
  __device__ Windows(unsigned pixel, unsigned window, unsigned stride, unsigned count)
      : begin(pixel < window ? 0 : (pixel - window) / stride + 1), end(pixel / stride + 1) {
    end = end < count ? end : count;
  }
};

template <typename T, typename Out>
struct GatherGradient {
  MapGradient<T> gradient;
  Out* dz;
  bool accumulate;

  __device__ void operator()(Index i) const {
    const auto element = static_cast<unsigned>(i);
    const unsigned channel = element % gradient.channels;
    const unsigned pixel = element / gradient.channels;
    float value = gradient.dy != nullptr ? to_f32(gradient.dy[i]) : 0;
    if (gradient.dpooled != nullptr) {
      value += unpooled(pixel, channel);
    }
    if (gradient.relu_mask != nullptr &&
        !relu_mask_bit(gradient.relu_mask, gradient.channels, pixel, channel)) {
      value = 0;
    }
    store(dz[i], value, accumulate);
  }

  __device__ float unpooled(unsigned pixel, unsigned channel) const {
    const unsigned w = pixel % gradient.width;
    const unsigned h = pixel / gradient.width % gradient.height;
    const unsigned image = pixel / gradient.width / gradient.height;
    const Windows rows(h, gradient.window, gradient.stride, gradient.pooled_height);
    const Windows columns(w, gradient.window, gradient.stride, gradient.pooled_width);
    float sum = 0;
    for (unsigned oh = rows.begin; oh < rows.end; ++oh) {
      for (unsigned ow = columns.begin; ow < columns.end; ++ow) {
        const Index output =
            ((static_cast<Index>(image) * gradient.pooled_height + oh) * gradient.pooled_width +
             ow) *
                gradient.channels +
            channel;
        const unsigned place =
            (h - oh * gradient.stride) * gradient.window + (w - ow * gradient.stride);
        if (gradient.winners == nullptr || gradient.winners[output] == place) {
          sum += to_f32(gradient.dpooled[output]);
        }
      }
    }
    const auto area = static_cast<float>(gradient.window * gradient.window);
    return gradient.winners == nullptr ? sum / area : sum;
  }
};

template <typename T>
MapGradient<T> gradient_of(const Shape& map) {
  return {.height = static_cast<unsigned>(map[1]),
          .width = static_cast<unsigned>(map[2]),
          .channels = static_cast<unsigned>(map[3])};
}

}  // namespace

template <typename T, typename Out>
void launch_map_gradient(Stream stream, const MapGradient<T>& gradient, Out* dz, unsigned count,
                         WriteMode mode) {
  for_each(stream, count, GatherGradient<T, Out>{gradient, dz, adds(mode)});
}

template void launch_map_gradient(Stream, const MapGradient<float>&, float*, unsigned, WriteMode);
template void launch_map_gradient(Stream, const MapGradient<Bf16>&, Bf16*, unsigned, WriteMode);
template void launch_map_gradient(Stream, const MapGradient<float>&, Bf16*, unsigned, WriteMode);

void relu_backward(const Tensor& dy, const Tensor& mask, Tensor& dx, WriteMode mode) {
  check_relu_backward(dy, mask, dx);
  with_map_type(dx, [&]<typename T>(T) {
    MapGradient<T> gradient = gradient_of<T>(dx.shape());
    gradient.dy = dy.data<T>();
    gradient.relu_mask = mask.data<std::uint8_t>();
    launch_map_gradient(stream_of(dx), gradient, dx.data<T>(), expect_small(dx.shape()), mode);
  });
}

void pool2d_backward(const Pool2dParams& params, const Tensor& dy, const Tensor* mask, Tensor& dx,
                     WriteMode mode) {
  check_pool2d_backward(params, dy, mask, dx);
  with_map_type(dx, [&]<typename T>(T) {
    MapGradient<T> gradient = gradient_of<T>(dx.shape());
    gradient.dpooled = dy.data<T>();
    gradient.winners = data_or_null<std::uint8_t>(mask);
    gradient.pooled_height = static_cast<unsigned>(dy.shape()[1]);
    gradient.pooled_width = static_cast<unsigned>(dy.shape()[2]);
    gradient.window = static_cast<unsigned>(params.window);
    gradient.stride = static_cast<unsigned>(params.stride);
    launch_map_gradient(stream_of(dx), gradient, dx.data<T>(), expect_small(dx.shape()), mode);
  });
}

}  // namespace gramgrad::cuda
