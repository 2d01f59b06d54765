// ReLU and its mask, a bit an element (bit c % 8 of byte c / 8 of a pixel is y > 0), from plain to
// the device's own.
#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::bench {
namespace {

using namespace cuda;

// The comparison is false for NaN, which therefore stays.
struct Positive {
  const float* x;
  float* y;
  __device__ void operator()(Index i) const { y[i] = x[i] <= 0 ? 0 : x[i]; }
};

// use(channel, bit) for those that byte i of the mask stands for.
struct MaskBytes {
  Index channels;
  __device__ Index first(Index i) const {
    const Index bytes = ceil_div<Index>(channels, 8);
    return i / bytes * channels + i % bytes * 8;
  }
  __device__ int bits(Index i) const {
    const Index left = channels - i % ceil_div<Index>(channels, 8) * 8;
    return static_cast<int>(left < 8 ? left : 8);
  }
};

struct WriteMask {
  MaskBytes bytes;
  const float* y;
  std::uint8_t* mask;
  __device__ void operator()(Index i) const {
    unsigned byte = 0;
    for (int bit = 0; bit < bytes.bits(i); ++bit) {
      byte |= static_cast<unsigned>(y[bytes.first(i) + bit] > 0) << bit;
    }
    mask[i] = static_cast<std::uint8_t>(byte);
  }
};

struct EightAtOnce {
  MaskBytes bytes;
  const float* x;
  float* y;
  std::uint8_t* mask;  // or null
  __device__ void operator()(Index i) const {
    unsigned byte = 0;
    for (int bit = 0; bit < bytes.bits(i); ++bit) {
      const Index element = bytes.first(i) + bit;
      const float value = x[element] <= 0 ? 0 : x[element];
      y[element] = value;
      byte |= static_cast<unsigned>(value > 0) << bit;
    }
    if (mask != nullptr) {
      mask[i] = static_cast<std::uint8_t>(byte);
    }
  }
};

// v1: a thread an element; then a thread a byte of the mask reads eight elements again.
void v1(const Tensor& x, Tensor& y, Tensor* mask) {
  check_relu(x, y, mask);
  for_each(stream_of(x), x.size(), Positive{x.data<float>(), y.data<float>()});
  if (mask != nullptr) {
    for_each(stream_of(x), mask->size(),
             WriteMask{{x.shape()[3]}, y.data<float>(), mask->data<std::uint8_t>()});
  }
}

// v2: one pass, a thread a byte of the mask: neighbouring threads are 32 bytes apart.
void v2(const Tensor& x, Tensor& y, Tensor* mask) {
  check_relu(x, y, mask);
  for_each(stream_of(x), relu_mask_shape(x.shape()).size(),
           EightAtOnce{
               {x.shape()[3]}, x.data<float>(), y.data<float>(), data_or_null<std::uint8_t>(mask)});
}

}  // namespace

Ladder relu_ladder() {
  using tests::relu_case;
  Ladder ladder{.name = "relu",
                .steps = {{"v1_mask_in_a_second_pass", [](Ops& ops) { ops.relu = v1; }},
                          {"v2_a_thread_a_byte", [](Ops& ops) { ops.relu = v2; }},
                          {"v3_a_warp_votes", [](Ops& ops) { ops.relu = cuda::relu; }}},
                .checks = {relu_case({1, 1, 1, 1}, true), relu_case({2, 5, 1, 5}, true),
                           relu_case({3, 7, 9, 33}, true), relu_case({1, 3, 5, 9}, false),
                           relu_case({1, 8, 8, 64}, true)},
                .timed = {}};
  for (const Shape& x : {Shape{1, 512, 512, 64}, Shape{1, 256, 256, 128}, Shape{1, 64, 64, 512}}) {
    ladder.timed.push_back({relu_case(x, true), (8 + 1 / 8.0) * static_cast<double>(x.size())});
  }
  return ladder;
}

}  // namespace gramgrad::bench
