// The gradient through a Gram matrix, dF = scale F (dG + dG^T) of features [N, H, W, C], from plain
// to the device's own.
#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launcher.cuh"
#include "kernels/cuda/tensor_cores.h"

namespace gramgrad::bench {
namespace {

using namespace cuda;

constexpr int edge = 16;

struct Arguments {
  int pixels, channels;
  float scale;
  const float* f;   // [items, pixels, channels]
  const float* dg;  // [items, channels, channels]
  float* df;
  bool accumulate;

  __device__ const float* features(unsigned item) const {
    return f + static_cast<Index>(item) * pixels * channels;
  }
  // dG + dG^T
  __device__ float both(unsigned item, int i, int j) const {
    const float* matrix = dg + static_cast<Index>(item) * channels * channels;
    return matrix[i * channels + j] + matrix[j * channels + i];
  }
  __device__ void write(unsigned item, int pixel, int channel, float sum) const {
    const Index row = static_cast<Index>(item) * pixels + pixel;
    store(df[row * channels + channel], scale * sum, accumulate);
  }
};

template <typename Kernel>
void run(Kernel kernel, double scale, const Tensor& f, const Tensor& dg, Tensor& df,
         WriteMode mode) {
  check_gram_backward(f, dg, df);
  const Arguments arguments{.pixels = static_cast<int>(f.shape()[1] * f.shape()[2]),
                            .channels = static_cast<int>(f.shape()[3]),
                            .scale = static_cast<float>(scale),
                            .f = f.data<float>(),
                            .dg = dg.data<float>(),
                            .df = df.data<float>(),
                            .accumulate = adds(mode)};
  const dim3 grid(static_cast<unsigned>(ceil_div(arguments.pixels, edge)),
                  static_cast<unsigned>(ceil_div(arguments.channels, edge)),
                  static_cast<unsigned>(f.shape()[0]));
  launch(kernel, grid, dim3(edge, edge), stream_of(f), arguments);
}

// v1: a thread for each element of dF goes over all channels. Neighbouring threads have one pixel
// and neighbouring channels; every element of dG is read twice for every pixel.
__global__ void one_thread_an_element(Arguments of) {
  const int pixel = static_cast<int>(blockIdx.x * edge + threadIdx.y);
  const int channel = static_cast<int>(blockIdx.y * edge + threadIdx.x);
  if (pixel >= of.pixels || channel >= of.channels) {
    return;
  }
  const float* row = of.features(blockIdx.z) + static_cast<Index>(pixel) * of.channels;
  float sum = 0;
  for (int j = 0; j < of.channels; ++j) {
    sum = fmaf(row[j], of.both(blockIdx.z, channel, j), sum);
  }
  of.write(blockIdx.z, pixel, channel, sum);
}

// v2: a block brings 16 channels of its 16 pixels, and dG + dG^T between them and its own 16
// channels, into shared memory: the sum of the two is formed once for 16 pixels.
struct SharedTiles {
  float features[edge][edge];   // [pixel][j]
  float gradients[edge][edge];  // [j][channel]
};

__global__ void tiles_in_shared_memory(Arguments of) {
  SharedTiles& tiles = shared_memory<SharedTiles>();
  const auto x = static_cast<int>(threadIdx.x);
  const auto y = static_cast<int>(threadIdx.y);
  const int pixel = static_cast<int>(blockIdx.x) * edge + y;
  const int channel = static_cast<int>(blockIdx.y) * edge + x;
  const float* row = of.features(blockIdx.z) + static_cast<Index>(pixel) * of.channels;
  float sum = 0;
  for (int j = 0; j < of.channels; j += edge) {
    tiles.features[y][x] = pixel < of.pixels && j + x < of.channels ? row[j + x] : 0;
    tiles.gradients[y][x] =
        channel < of.channels && j + y < of.channels ? of.both(blockIdx.z, channel, j + y) : 0;
    __syncthreads();
    for (int k = 0; k < edge; ++k) {
      sum = fmaf(tiles.features[y][k], tiles.gradients[k][x], sum);
    }
    __syncthreads();
  }
  if (pixel < of.pixels && channel < of.channels) {
    of.write(blockIdx.z, pixel, channel, sum);
  }
}

void v1(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode) {
  run(one_thread_an_element, scale, f, dg, df, mode);
}

void v2(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode) {
  run(tiles_in_shared_memory, scale, f, dg, df, mode);
}

}  // namespace

Ladder gram_backward_ladder() {
  using tests::gram_backward_case;
  Ladder ladder{
      .name = "gram_backward",
      .steps = {{"v1_one_thread_an_element", [](Ops& ops) { ops.gram_backward = v1; }},
                {"v2_tiles_in_shared_memory", [](Ops& ops) { ops.gram_backward = v2; }},
                {"v3_tiles_in_registers",
                 [](Ops& ops) { ops.gram_backward = cuda::gram_backward; }},
                {"v4_tensor_cores", cuda::use_tensor_cores, true}},
      .checks = {gram_backward_case({1, 1, 1, 1}), gram_backward_case({2, 7, 9, 33}),
                 gram_backward_case({1, 19, 21, 64}), gram_backward_case({1, 23, 13, 68})},
      .timed = {}};
  for (const Shape& f : {Shape{1, 512, 512, 64}, Shape{1, 256, 256, 128}, Shape{1, 128, 128, 256},
                         Shape{1, 64, 64, 512}}) {
    ladder.timed.push_back(
        {gram_backward_case(f), 4.0 * static_cast<double>(2 * f.size() + f[3] * f[3])});
  }
  return ladder;
}

}  // namespace gramgrad::bench
