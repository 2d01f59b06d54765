// Maximum and average pooling: a thread an output element; neighbours are neighbouring channels.
#include "kernels/cuda/pool.cuh"

#include <cmath>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::cuda {
namespace {

template <typename T>
struct Pooling {
  unsigned in_height, in_width, channels;
  unsigned out_height, out_width;
  unsigned window, stride;
  const T* x;
  T* y;
  std::uint8_t* winners;  // or null

  // First element of output i's window.
  __device__ const T* first(Index i) const {
    const auto element = static_cast<unsigned>(i);
    const unsigned channel = element % channels;
    const unsigned pixel = element / channels;
    const unsigned ow = pixel % out_width;
    const unsigned oh = pixel / out_width % out_height;
    const Index image = pixel / out_width / out_height;
    return x + ((image * in_height + oh * stride) * in_width + ow * stride) * channels + channel;
  }
  __device__ Index offset(unsigned ky, unsigned kx) const {
    return (static_cast<Index>(ky) * in_width + kx) * channels;
  }
};

// The first of equal maxima wins; the first NaN wins.
template <typename T>
struct MaximumPooling : Pooling<T> {
  using Pooling<T>::window, Pooling<T>::y, Pooling<T>::winners;
  __device__ void operator()(Index i) const {
    const T* corner = this->first(i);
    float best = to_f32(*corner);
    unsigned winner = 0;
    for (unsigned ky = 0; ky < window; ++ky) {
      for (unsigned kx = 0; kx < window; ++kx) {
        const float value = to_f32(corner[this->offset(ky, kx)]);
        if (!(value <= best) && !std::isnan(best)) {
          best = value;
          winner = ky * window + kx;
        }
      }
    }
    store(y[i], best, false);
    if (winners != nullptr) {
      winners[i] = static_cast<std::uint8_t>(winner);
    }
  }
};

template <typename T>
struct AveragePooling : Pooling<T> {
  using Pooling<T>::window, Pooling<T>::y;
  __device__ void operator()(Index i) const {
    const T* corner = this->first(i);
    float sum = 0;
    for (unsigned ky = 0; ky < window; ++ky) {
      for (unsigned kx = 0; kx < window; ++kx) {
        sum += to_f32(corner[this->offset(ky, kx)]);
      }
    }
    store(y[i], sum / static_cast<float>(window * window), false);
  }
};

}  // namespace

template <typename T>
void launch_pool(Stream stream, const Pool2dParams& params, const Shape& in, const Shape& out,
                 const T* x, T* y, std::uint8_t* winners) {
  const Pooling<T> pooling{.in_height = static_cast<unsigned>(in[1]),
                           .in_width = static_cast<unsigned>(in[2]),
                           .channels = static_cast<unsigned>(in[3]),
                           .out_height = static_cast<unsigned>(out[1]),
                           .out_width = static_cast<unsigned>(out[2]),
                           .window = static_cast<unsigned>(params.window),
                           .stride = static_cast<unsigned>(params.stride),
                           .x = x,
                           .y = y,
                           .winners = winners};
  if (params.kind == PoolKind::max) {
    for_each(stream, out.size(), MaximumPooling<T>{pooling});
  } else {
    for_each(stream, out.size(), AveragePooling<T>{pooling});
  }
}

template void launch_pool(Stream, const Pool2dParams&, const Shape&, const Shape&, const float*,
                          float*, std::uint8_t*);
template void launch_pool(Stream, const Pool2dParams&, const Shape&, const Shape&, const Bf16*,
                          Bf16*, std::uint8_t*);

void pool2d(const Pool2dParams& params, const Tensor& x, Tensor& y, Tensor* mask) {
  check_pool2d(params, x, y, mask);
  expect_small(x.shape());
  with_map_type(x, [&]<typename T>(T) {
    launch_pool(stream_of(x), params, x.shape(), y.shape(), x.data<T>(), y.data<T>(),
                data_or_null<std::uint8_t>(mask));
  });
}

}  // namespace gramgrad::cuda
