// Mean and standard deviation of every channel of each picture, in one pass over memory. Every
// thread takes some pixels of a channel into registers, where it goes over them twice, mean first;
// what threads and blocks have found is put together without cancellation, in a fixed order.
// Neighbouring threads have neighbouring channels, as is right for feature maps; pictures of three
// channels leave most threads idle.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/sum.cuh"

namespace gramgrad::cuda {
namespace {

// Of some pixels of a channel: how many, their mean, and the sum of squared distances from it.
struct Moments {
  float count = 0;
  Sum mean;
  float squares = 0;

  // Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
  // Variances", 1979. The means' difference is small beside the means where they are alike, and
  // exact to f32 even then: each has its high and its low half.
  __device__ void merge(const Moments& other) {
    if (count == 0) {
      *this = other;
    } else if (other.count > 0) {
      const float share = other.count / (count + other.count);
      const float difference = (other.mean.high - mean.high) + (other.mean.low - mean.low);
      squares += other.squares + difference * difference * share * count;
      mean.add(share * difference);
      count += other.count;
    }
  }
};

constexpr int block_rows =
    static_cast<int>(threads_per_block) / warp_size;  // a warp has 32 channels
constexpr int pixels_per_thread = 16;                 // in registers at a time
constexpr int pixels_per_pass = block_rows * pixels_per_thread;

__device__ inline int thread_channel() {
  return static_cast<int>(blockIdx.x) * warp_size + static_cast<int>(threadIdx.x) % warp_size;
}
__device__ inline int thread_row() {
  return static_cast<int>(threadIdx.x) / warp_size;
}

// Of the pixels first, first + block_rows, ... before `end`: up to pixels_per_thread, at least one.
// x [pixels, channels] begins at the thread's channel.
template <typename T>
__device__ Moments moments_in_registers(const T* x, int channels, Index first, Index end) {
  float values[pixels_per_thread];
  int count = 0;
#pragma unroll
  for (int k = 0; k < pixels_per_thread; ++k) {
    const Index pixel = first + k * block_rows;
    const bool inside = pixel < end;
    values[k] = inside ? to_f32(x[pixel * channels]) : 0;
    count += inside ? 1 : 0;
  }
  // Distances from the first pixel are exact where the mean is large and the deviation is small.
  float sum = 0;
#pragma unroll
  for (int k = 1; k < pixels_per_thread; ++k) {
    sum += k < count ? values[k] - values[0] : 0;
  }
  const float offset = sum / static_cast<float>(count);
  Moments moments{static_cast<float>(count), {}, 0};
#pragma unroll
  for (int k = 0; k < pixels_per_thread; ++k) {
    const float distance = k < count ? (values[k] - values[0]) - offset : 0;
    moments.squares = fmaf(distance, distance, moments.squares);
  }
  moments.mean.add(values[0]);
  moments.mean.add(offset);
  return moments;
}

struct MomentsOfRows {
  Moments of[block_rows][warp_size];
};

// Of a channel's threads in row 0.
__device__ Moments merged_over_rows(Moments mine) {
  auto& shared = shared_memory<MomentsOfRows>();
  const int row = thread_row();
  const auto lane = threadIdx.x % warp_size;
  shared.of[row][lane] = mine;
  for (int half = block_rows / 2; half > 0; half /= 2) {
    __syncthreads();
    if (row < half) {
      mine.merge(shared.of[row + half][lane]);
      shared.of[row][lane] = mine;
    }
  }
  return mine;
}

struct MapSize {
  Index pixels;  // of a picture
  int channels;
  Index chunk;  // pixels of a block
};

// A block: 32 channels of a chunk of a picture's pixels. partials [pictures, chunks, channels].
template <typename T>
__global__ void channel_moments_kernel(MapSize size, const T* x, Moments* partials) {
  const int channel = thread_channel();
  const Index begin = blockIdx.y * size.chunk;
  const Index end = begin + size.chunk < size.pixels ? begin + size.chunk : size.pixels;
  const T* picture = x + blockIdx.z * size.pixels * size.channels + channel;
  Moments mine;
  if (channel < size.channels) {
    for (Index first = begin + thread_row(); first < end; first += pixels_per_pass) {
      mine.merge(moments_in_registers(picture, size.channels, first, end));
    }
  }
  mine = merged_over_rows(mine);
  if (channel < size.channels && thread_row() == 0) {
    const Index chunk = static_cast<Index>(blockIdx.z) * gridDim.y + blockIdx.y;
    partials[chunk * size.channels + channel] = mine;
  }
}

// A block: 32 channels of a picture. mean, deviation [pictures, channels].
__global__ void merge_moments_kernel(MapSize size, int chunks, const Moments* partials,
                                     double epsilon, float* mean, float* deviation) {
  const int channel = thread_channel();
  const Index picture = blockIdx.y;
  Moments mine;
  if (channel < size.channels) {
    for (int chunk = thread_row(); chunk < chunks; chunk += block_rows) {
      mine.merge(partials[(picture * chunks + chunk) * size.channels + channel]);
    }
  }
  mine = merged_over_rows(mine);
  if (channel < size.channels && thread_row() == 0) {
    const double variance = static_cast<double>(mine.squares) / static_cast<double>(size.pixels);
    mean[picture * size.channels + channel] = static_cast<float>(mine.mean.total());
    deviation[picture * size.channels + channel] = static_cast<float>(sqrt(variance + epsilon));
  }
}

// Enough pixels a block that a map is at most 512 chunks: how they are cut depends on the size
// only.
MapSize size_of(const Tensor& x) {
  constexpr Index most_chunks = 512;
  const Index pixels = x.shape()[1] * x.shape()[2];
  const Index passes = ceil_div<Index>(pixels, most_chunks * pixels_per_pass);
  return {pixels, static_cast<int>(x.shape()[3]), passes * pixels_per_pass};
}

template <typename T>
struct StatisticsGradient {
  const T* x;
  const float* mean;
  const float* deviation;
  const float* dmean;       // or null
  const float* ddeviation;  // or null
  T* dx;
  unsigned pixels, channels;
  float share;  // 1 / pixels
  bool accumulate;

  __device__ void operator()(Index i) const {
    const auto element = static_cast<unsigned>(i);
    const unsigned picture = element / channels / pixels;
    const unsigned at = picture * channels + element % channels;
    float sum = dmean != nullptr ? dmean[at] : 0;
    if (ddeviation != nullptr && deviation[at] != 0) {
      sum += ddeviation[at] * ((to_f32(x[i]) - mean[at]) / deviation[at]);
    }
    store(dx[i], share * sum, accumulate);
  }
};

}  // namespace

void channel_statistics(double epsilon, const Tensor& x, Tensor& mean, Tensor& deviation) {
  check_channel_statistics(epsilon, x, mean, deviation);
  if (mean.size() == 0) {
    return;
  }
  const MapSize size = size_of(x);
  const auto pictures = static_cast<unsigned>(x.shape()[0]);
  const auto groups = static_cast<unsigned>(ceil_div(size.channels, warp_size));
  const auto chunks = static_cast<unsigned>(ceil_div(size.pixels, size.chunk));
  const Scratch<Moments> partials(x, static_cast<Index>(chunks) * mean.size());
  with_map_type(x, [&]<typename T>(T) {
    launch(channel_moments_kernel<T>, dim3(groups, chunks, pictures), threads_per_block,
           stream_of(x), size, x.data<T>(), partials.data());
  });
  launch(merge_moments_kernel, dim3(groups, pictures), threads_per_block, stream_of(x), size,
         static_cast<int>(chunks), partials.data(), epsilon, mean.data<float>(),
         deviation.data<float>());
}

void channel_statistics_backward(const ChannelStatisticsGradients& gradients, const Tensor& x,
                                 const Tensor& mean, const Tensor& deviation, Tensor& dx,
                                 WriteMode mode) {
  check_channel_statistics_backward(gradients, x, mean, deviation, dx);
  expect_small(x.shape());
  const auto pixels = static_cast<unsigned>(x.shape()[1] * x.shape()[2]);
  with_map_type(x, [&]<typename T>(T) {
    for_each(stream_of(x), x.size(),
             StatisticsGradient<T>{
                 .x = x.data<T>(),
                 .mean = mean.data<float>(),
                 .deviation = deviation.data<float>(),
                 .dmean = data_or_null<float>(gradients.dmean),
                 .ddeviation = data_or_null<float>(gradients.ddeviation),
                 .dx = dx.data<T>(),
                 .pixels = pixels,
                 .channels = static_cast<unsigned>(x.shape()[3]),
                 .share = 1 / static_cast<float>(pixels),
                 .accumulate = adds(mode),
             });
  });
}

}  // namespace gramgrad::cuda
