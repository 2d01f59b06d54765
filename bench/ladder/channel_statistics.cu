// Mean and standard deviation of every channel, from plain to the device's own. Means are kept in
// two f32 numbers, high + low, between a pass that adds and a pass that subtracts them: features
// far from 0 would lose their deviation otherwise.
#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/sum.cuh"

namespace gramgrad::bench {
namespace {

using namespace cuda;

// Pictures as matrices [pixels, channels].
struct Pictures {
  Index pixels, channels;
  const float* x;
  // Channel i % channels of picture i / channels.
  __device__ float at(Index i, Index pixel) const {
    return x[(i / channels * pixels + pixel) * channels + i % channels];
  }
};

Pictures pictures_of(const Tensor& x) {
  return {x.shape()[1] * x.shape()[2], x.shape()[3], x.data<float>()};
}

// What a pass adds: values, to begin with ...
struct Value {
  __device__ void add_to(Sum& sum, float value) const { sum.add(value); }
  __device__ Value of_channel(Index) const { return {}; }
};

// ... then squared distances from their mean.
struct SquaredDistance {
  Sum mean;
  __device__ void add_to(Sum& sum, float value) const {
    const float distance = (value - mean.high) - mean.low;
    sum.add_product(distance, distance);
  }
};

struct SquaredDistances {
  const Sum* means;
  __device__ SquaredDistance of_channel(Index channel) const { return {means[channel]}; }
};

__device__ inline Sum mean_of(const Sum& sum, Index pixels) {
  const double mean = sum.total() / static_cast<double>(pixels);
  Sum halves;
  halves.high = static_cast<float>(mean);
  halves.low = static_cast<float>(mean - static_cast<double>(halves.high));
  return halves;
}

struct Outputs {
  double epsilon;
  float* mean;
  float* deviation;
  __device__ void write_deviation(Index i, const Sum& squares, Index pixels) const {
    deviation[i] =
        static_cast<float>(sqrt(squares.total() / static_cast<double>(pixels) + epsilon));
  }
};

// Of pixels first, first + step, ... before end.
template <typename Term>
__device__ Sum sum_over(const Pictures& pictures, Index channel, Index first, Index end, Index step,
                        const Term& term) {
  Sum sum;
  for (Index pixel = first; pixel < end; pixel += step) {
    term.add_to(sum, pictures.at(channel, pixel));
  }
  return sum;
}

struct OneThreadAChannel {
  Pictures pictures;
  Outputs outputs;
  __device__ void operator()(Index i) const {
    const Index pixels = pictures.pixels;
    const Sum mean = mean_of(sum_over(pictures, i, 0, pixels, 1, Value{}), pixels);
    outputs.mean[i] = mean.high;
    outputs.write_deviation(i, sum_over(pictures, i, 0, pixels, 1, SquaredDistance{mean}), pixels);
  }
};

// v1: a thread a channel goes over all pixels, twice.
void v1(double epsilon, const Tensor& x, Tensor& mean, Tensor& deviation) {
  check_channel_statistics(epsilon, x, mean, deviation);
  for_each(
      stream_of(x), mean.size(),
      OneThreadAChannel{pictures_of(x), {epsilon, mean.data<float>(), deviation.data<float>()}});
}

constexpr Index shares = 512;

// A thread for every share-th pixel of a channel. partials [shares, channels of all pictures].
template <typename Terms>
struct AddShare {
  Terms terms;
  Pictures pictures;
  Index count;  // channels of all pictures
  Sum* partials;
  __device__ void operator()(Index i) const {
    partials[i] = sum_over(pictures, i % count, i / count, pictures.pixels, shares,
                           terms.of_channel(i % count));
  }
};

// A thread a channel adds what its shares' threads left.
struct SharesOf {
  Index count;
  const Sum* partials;
  __device__ Sum total(Index i) const {
    Sum sum;
    for (Index share = 0; share < shares; ++share) {
      sum.merge(partials[share * count + i]);
    }
    return sum;
  }
};

struct WriteMean {
  SharesOf of;
  Index pixels;
  Sum* means;
  float* mean;
  __device__ void operator()(Index i) const {
    means[i] = mean_of(of.total(i), pixels);
    mean[i] = means[i].high;
  }
};

struct WriteDeviation {
  SharesOf of;
  Index pixels;
  Outputs outputs;
  __device__ void operator()(Index i) const { outputs.write_deviation(i, of.total(i), pixels); }
};

// v2: many threads share a channel's pixels; still two passes over them.
void v2(double epsilon, const Tensor& x, Tensor& mean, Tensor& deviation) {
  check_channel_statistics(epsilon, x, mean, deviation);
  const Pictures pictures = pictures_of(x);
  const Index count = mean.size();
  const Scratch<Sum> partials(x, shares * count);
  const Scratch<Sum> means(x, count);
  const SharesOf of{count, partials.data()};
  const Stream stream = stream_of(x);
  for_each(stream, shares * count, AddShare<Value>{{}, pictures, count, partials.data()});
  for_each(stream, count, WriteMean{of, pictures.pixels, means.data(), mean.data<float>()});
  for_each(stream, shares * count,
           AddShare<SquaredDistances>{{means.data()}, pictures, count, partials.data()});
  for_each(stream, count,
           WriteDeviation{of, pictures.pixels, {epsilon, nullptr, deviation.data<float>()}});
}

}  // namespace

Ladder channel_statistics_ladder() {
  using tests::channel_statistics_case;
  Ladder ladder{
      .name = "channel_statistics",
      .steps = {{"v1_a_thread_a_channel", [](Ops& ops) { ops.channel_statistics = v1; }},
                {"v2_threads_share_a_channel", [](Ops& ops) { ops.channel_statistics = v2; }},
                {"v3_one_pass",
                 [](Ops& ops) { ops.channel_statistics = cuda::channel_statistics; }}},
      .checks = {channel_statistics_case({1, 1, 1, 1}), channel_statistics_case({2, 5, 1, 5}),
                 channel_statistics_case({2, 13, 9, 35}, 0.7, 0),
                 channel_statistics_case({1, 61, 67, 5}, 0x1p14, 0x1p-7),
                 channel_statistics_case({3, 17, 19, 33})},
      .timed = {}};
  for (const Shape& x : {Shape{1, 256, 256, 128}, Shape{1, 64, 64, 512}}) {
    ladder.timed.push_back({channel_statistics_case(x), 4.0 * static_cast<double>(x.size())});
  }
  return ladder;
}

}  // namespace gramgrad::bench
