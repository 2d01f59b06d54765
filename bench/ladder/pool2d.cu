// Maximum pooling that remembers, in a byte an output, which element of its window won: from plain
// to the device's own.
#include <cmath>

#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::bench {
namespace {

using namespace cuda;

struct Output {
  Index image;
  int row, column, channel;
};

// Which output a thread computes: neighbours are neighbouring columns, as they would be in memory
// with channels first ...
struct NeighbouringColumns {
  __device__ static Output output(Index i, int height, int width, int channels) {
    return {i / width / height / channels, static_cast<int>(i / width % height),
            static_cast<int>(i % width), static_cast<int>(i / width / height % channels)};
  }
};

// ... or neighbouring channels, as they are in memory.
struct NeighbouringChannels {
  __device__ static Output output(Index i, int height, int width, int channels) {
    return {i / channels / width / height, static_cast<int>(i / channels / width % height),
            static_cast<int>(i / channels % width), static_cast<int>(i % channels)};
  }
};

template <typename Neighbours>
struct Windows {
  int in_height, in_width, channels;
  int height, width;  // of the output
  int window, stride;
  const float* x;
  float* y;
  std::uint8_t* winners;

  __device__ Output output(Index i) const { return Neighbours::output(i, height, width, channels); }
  __device__ Index index(const Output& o) const {
    return ((o.image * height + o.row) * width + o.column) * channels + o.channel;
  }
  __device__ float at(const Output& o, int place) const {
    const int row = o.row * stride + place / window;
    const int column = o.column * stride + place % window;
    return x[((o.image * in_height + row) * in_width + column) * channels + o.channel];
  }
};

template <typename Neighbours>
struct Largest : Windows<Neighbours> {
  __device__ void operator()(Index i) const {
    const Output output = this->output(i);
    float best = this->at(output, 0);
    for (int place = 1; place < this->window * this->window; ++place) {
      const float value = this->at(output, place);
      best = value <= best || std::isnan(best) ? best : value;
    }
    this->y[this->index(output)] = best;
  }
};

// The first element of the window that is the pooled one.
template <typename Neighbours>
struct Winner : Windows<Neighbours> {
  __device__ void operator()(Index i) const {
    const Output output = this->output(i);
    const float best = this->y[this->index(output)];
    int place = 0;
    while (this->at(output, place) != best && !std::isnan(this->at(output, place))) {
      ++place;
    }
    this->winners[this->index(output)] = static_cast<std::uint8_t>(place);
  }
};

template <typename Neighbours>
void in_two_passes(const Pool2dParams& params, const Tensor& x, Tensor& y, Tensor* mask) {
  check_pool2d(params, x, y, mask);
  check(params.kind == PoolKind::max, "this step of the ladder pools maxima only");
  const Windows<Neighbours> windows{.in_height = static_cast<int>(x.shape()[1]),
                                    .in_width = static_cast<int>(x.shape()[2]),
                                    .channels = static_cast<int>(x.shape()[3]),
                                    .height = static_cast<int>(y.shape()[1]),
                                    .width = static_cast<int>(y.shape()[2]),
                                    .window = params.window,
                                    .stride = params.stride,
                                    .x = x.data<float>(),
                                    .y = y.data<float>(),
                                    .winners = data_or_null<std::uint8_t>(mask)};
  for_each(stream_of(x), y.size(), Largest<Neighbours>{windows});
  if (mask != nullptr) {
    for_each(stream_of(x), y.size(), Winner<Neighbours>{windows});
  }
}

}  // namespace

Ladder pool2d_ladder() {
  const auto pool_case = [](const Shape& x, int window = 2, int stride = 2) {
    return tests::pool2d_case({PoolKind::max, window, stride}, x);
  };
  Ladder ladder{.name = "pool2d",
                .steps = {{"v1_neighbouring_columns",
                           [](Ops& ops) { ops.pool2d = in_two_passes<NeighbouringColumns>; }},
                          {"v2_neighbouring_channels",
                           [](Ops& ops) { ops.pool2d = in_two_passes<NeighbouringChannels>; }},
                          {"v3_one_pass", [](Ops& ops) { ops.pool2d = cuda::pool2d; }}},
                .checks = {pool_case({1, 3, 3, 1}), pool_case({2, 7, 5, 3}, 3),
                           pool_case({3, 6, 9, 17}, 3, 1), pool_case({1, 8, 8, 64})},
                .timed = {}};
  for (const Shape& x : {Shape{1, 512, 512, 64}, Shape{1, 256, 256, 128}, Shape{1, 64, 64, 512}}) {
    ladder.timed.push_back({pool_case(x), (4 + 5 / 4.0) * static_cast<double>(x.size())});
  }
  return ladder;
}

}  // namespace gramgrad::bench
