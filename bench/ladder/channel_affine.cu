// A picture made ready for the network, y[c] = x[source[c]] scale[c] + shift[c], from the three
// operations that it is written as to the device's own.
#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::bench {
namespace {

using namespace cuda;

struct Channels {
  int source[3];
  float scale[3];
  float shift[3];

  explicit Channels(const ChannelAffineParams& params) {
    for (std::size_t c = 0; c < 3; ++c) {
      source[c] = params.source[c];
      scale[c] = static_cast<float>(params.scale[c]);
      shift[c] = static_cast<float>(params.shift[c]);
    }
  }
};

struct Reorder {
  Channels channels;
  const float* x;
  float* y;
  __device__ void operator()(Index i) const { y[i] = x[i - i % 3 + channels.source[i % 3]]; }
};

struct Scale {
  Channels channels;
  float* y;
  __device__ void operator()(Index i) const { y[i] *= channels.scale[i % 3]; }
};

struct Shift {
  Channels channels;
  float* y;
  __device__ void operator()(Index i) const { y[i] += channels.shift[i % 3]; }
};

struct ElementAtOnce {
  Channels channels;
  const float* x;
  float* y;
  __device__ void operator()(Index i) const {
    const Index c = i % 3;
    y[i] = fmaf(x[i - c + channels.source[c]], channels.scale[c], channels.shift[c]);
  }
};

// v1: a pass for each operation.
void v1(const ChannelAffineParams& params, const Tensor& x, Tensor& y) {
  check_channel_affine(params, x, y);
  const Channels channels(params);
  for_each(stream_of(x), x.size(), Reorder{channels, x.data<float>(), y.data<float>()});
  for_each(stream_of(x), x.size(), Scale{channels, y.data<float>()});
  for_each(stream_of(x), x.size(), Shift{channels, y.data<float>()});
}

// v2: one pass, a thread an element, which finds its channel by a division and looks up what
// belongs to it.
void v2(const ChannelAffineParams& params, const Tensor& x, Tensor& y) {
  check_channel_affine(params, x, y);
  for_each(stream_of(x), x.size(),
           ElementAtOnce{Channels(params), x.data<float>(), y.data<float>()});
}

}  // namespace

Ladder channel_affine_ladder() {
  const auto affine_case = [](const Shape& x) {
    return tests::channel_affine_case({.source = {2, 1, 0},
                                       .scale = {255, -0.5, 1 / 0.229},
                                       .shift = {-103.939, 0.25, -0.485 / 0.229}},
                                      x);
  };
  const Shape picture{1, 512, 512, 3};
  return {
      .name = "channel_affine",
      .steps = {{"v1_three_passes", [](Ops& ops) { ops.channel_affine = v1; }},
                {"v2_a_thread_an_element", [](Ops& ops) { ops.channel_affine = v2; }},
                {"v3_a_thread_a_pixel",
                 [](Ops& ops) { ops.channel_affine = cuda::channel_affine; }}},
      .checks = {affine_case({1, 1, 1, 3}), affine_case({2, 7, 5, 3}), affine_case({1, 33, 29, 3})},
      .timed = {{affine_case(picture), 2 * 4.0 * static_cast<double>(picture.size())}}};
}

}  // namespace gramgrad::bench
