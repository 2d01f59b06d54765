// A picture's channels reordered, scaled and shifted: a thread a pixel.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::cuda {
namespace {

struct ChannelAffine {
  int source[3];
  float scale[3];
  float shift[3];

  explicit ChannelAffine(const ChannelAffineParams& params) {
    for (std::size_t c = 0; c < 3; ++c) {
      source[c] = params.source[c];
      scale[c] = static_cast<float>(params.scale[c]);
      shift[c] = static_cast<float>(params.shift[c]);
    }
  }
};

struct Forward {
  ChannelAffine affine;
  const float* x;
  float* y;
  __device__ void operator()(Index pixel) const {
    for (int c = 0; c < 3; ++c) {
      y[pixel * 3 + c] = fmaf(x[pixel * 3 + affine.source[c]], affine.scale[c], affine.shift[c]);
    }
  }
};

// A source may be used by several channels, or by none.
struct Backward {
  ChannelAffine affine;
  const float* dy;
  float* dx;
  bool accumulate;
  __device__ void operator()(Index pixel) const {
    for (int source = 0; source < 3; ++source) {
      float sum = 0;
      for (int c = 0; c < 3; ++c) {
        sum += affine.source[c] == source ? affine.scale[c] * dy[pixel * 3 + c] : 0;
      }
      store(dx[pixel * 3 + source], sum, accumulate);
    }
  }
};

}  // namespace

void channel_affine(const ChannelAffineParams& params, const Tensor& x, Tensor& y) {
  check_channel_affine(params, x, y);
  for_each(stream_of(x), x.size() / 3,
           Forward{ChannelAffine(params), x.data<float>(), y.data<float>()});
}

void channel_affine_backward(const ChannelAffineParams& params, const Tensor& dy, Tensor& dx,
                             WriteMode mode) {
  check_channel_affine_backward(params, dy, dx);
  for_each(stream_of(dy), dy.size() / 3,
           Backward{ChannelAffine(params), dy.data<float>(), dx.data<float>(), adds(mode)});
}

}  // namespace gramgrad::cuda
