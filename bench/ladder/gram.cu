// The Gram matrix G = scale F^T F of features [N, H, W, C], from plain to the device's own.
#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launcher.cuh"
#include "kernels/cuda/tensor_cores.h"

namespace gramgrad::bench {
namespace {

using namespace cuda;

constexpr int edge = 16;

dim3 grid_of(const Tensor& g) {
  const auto tiles = static_cast<unsigned>(ceil_div<Index>(g.shape()[1], edge));
  return {tiles, tiles, static_cast<unsigned>(g.shape()[0])};
}

// v1: a thread for each element of G goes over all pixels. Neighbouring threads read neighbouring
// channels, but every feature is read C times.
__global__ void one_thread_an_element(int pixels, int channels, float scale, const float* f,
                                      float* g) {
  const int j = static_cast<int>(blockIdx.x * edge + threadIdx.x);
  const int i = static_cast<int>(blockIdx.y * edge + threadIdx.y);
  if (i >= channels || j >= channels) {
    return;
  }
  const float* features = f + static_cast<Index>(blockIdx.z) * pixels * channels;
  float sum = 0;
  for (Index p = 0; p < pixels; ++p) {
    sum = fmaf(features[p * channels + i], features[p * channels + j], sum);
  }
  g[(static_cast<Index>(blockIdx.z) * channels + i) * channels + j] = scale * sum;
}

void v1(double scale, const Tensor& f, Tensor& g) {
  check_gram(f, g);
  launch(one_thread_an_element, grid_of(g), dim3(edge, edge), stream_of(f),
         static_cast<int>(f.shape()[1] * f.shape()[2]), static_cast<int>(f.shape()[3]),
         static_cast<float>(scale), f.data<float>(), g.data<float>());
}

// v2: a block brings 16 pixels of its 16 + 16 channels into shared memory, where each of its 256
// threads reads them: a feature is read C / 16 times from global memory.
struct SharedTiles {
  float rows[edge][edge];  // [pixel][channel]
  float columns[edge][edge];
};

__global__ void tiles_in_shared_memory(int pixels, int channels, float scale, const float* f,
                                       float* g) {
  SharedTiles& tiles = shared_memory<SharedTiles>();
  const auto x = static_cast<int>(threadIdx.x);
  const auto y = static_cast<int>(threadIdx.y);
  const int first_i = static_cast<int>(blockIdx.y) * edge;
  const int first_j = static_cast<int>(blockIdx.x) * edge;
  const float* features = f + static_cast<Index>(blockIdx.z) * pixels * channels;
  float sum = 0;
  for (int p = 0; p < pixels; p += edge) {
    const Index row = static_cast<Index>(p + y) * channels;
    const bool inside = p + y < pixels;
    tiles.rows[y][x] = inside && first_i + x < channels ? features[row + first_i + x] : 0;
    tiles.columns[y][x] = inside && first_j + x < channels ? features[row + first_j + x] : 0;
    __syncthreads();
    for (int k = 0; k < edge; ++k) {
      sum = fmaf(tiles.rows[k][y], tiles.columns[k][x], sum);
    }
    __syncthreads();
  }
  const int i = first_i + y;
  const int j = first_j + x;
  if (i < channels && j < channels) {
    g[(static_cast<Index>(blockIdx.z) * channels + i) * channels + j] = scale * sum;
  }
}

void v2(double scale, const Tensor& f, Tensor& g) {
  check_gram(f, g);
  launch(tiles_in_shared_memory, grid_of(g), dim3(edge, edge), stream_of(f),
         static_cast<int>(f.shape()[1] * f.shape()[2]), static_cast<int>(f.shape()[3]),
         static_cast<float>(scale), f.data<float>(), g.data<float>());
}

}  // namespace

Ladder gram_ladder() {
  using tests::gram_case;
  Ladder ladder{
      .name = "gram",
      .steps = {{"v1_one_thread_an_element", [](Ops& ops) { ops.gram = v1; }},
                {"v2_tiles_in_shared_memory", [](Ops& ops) { ops.gram = v2; }},
                {"v3_split_over_pixels_upper_half", [](Ops& ops) { ops.gram = cuda::gram; }},
                {"v4_tensor_cores", cuda::use_tensor_cores, true}},
      .checks = {gram_case({1, 1, 1, 1}), gram_case({2, 7, 9, 33}), gram_case({1, 19, 21, 64}),
                 gram_case({1, 23, 13, 68})},
      .timed = {}};
  for (const Shape& f : {Shape{1, 512, 512, 64}, Shape{1, 256, 256, 128}, Shape{1, 128, 128, 256},
                         Shape{1, 64, 64, 512}}) {
    ladder.timed.push_back({gram_case(f), 4.0 * static_cast<double>(f.size() + f[3] * f[3])});
  }
  return ladder;
}

}  // namespace gramgrad::bench
