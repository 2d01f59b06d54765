// The sum of products, sum x y, as all reductions are: from one block to the device's own.
#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/reduce.cuh"

namespace gramgrad::bench {
namespace {

using namespace cuda;

struct Products {
  const float* x;
  const float* y;
  __device__ float at(Index i) const { return x[i] * y[i]; }
};

struct Partials {
  const float* sums;
  __device__ float at(Index i) const { return sums[i]; }
};

struct Tree {
  float sums[threads_per_block];
};

// A block adds every gridDim.x-th share of the terms: its threads first their own, then, in shared
// memory, each time half of them the sums of the other half.
template <typename Terms>
__global__ void add_by_halves(Index count, Terms terms, float* out) {
  float* sums = shared_memory<Tree>().sums;
  float mine = 0;
  const Index stride = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    mine += terms.at(i);
  }
  sums[threadIdx.x] = mine;
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      sums[threadIdx.x] += sums[threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    out[blockIdx.x] = sums[0];
  }
}

// v1: one block, which leaves all of the GPU but one processor idle.
void v1(const Tensor& x, const Tensor& y, Tensor& out) {
  check_dot(x, y, out);
  launch(add_by_halves<Products>, 1, threads_per_block, stream_of(x), x.size(),
         Products{x.data<float>(), y.data<float>()}, out.data<float>());
}

// v2: a thread a term, and a block that adds the blocks' sums.
void v2(const Tensor& x, const Tensor& y, Tensor& out) {
  check_dot(x, y, out);
  const unsigned blocks = blocks_for(x.size());
  const Scratch<float> partials(x, blocks);
  launch(add_by_halves<Products>, blocks, threads_per_block, stream_of(x), x.size(),
         Products{x.data<float>(), y.data<float>()}, partials.data());
  launch(add_by_halves<Partials>, 1, threads_per_block, stream_of(x), static_cast<Index>(blocks),
         Partials{partials.data()}, out.data<float>());
}

// One f32 number.
struct PlainSum {
  float value = 0;
  __device__ void merge(const PlainSum& other) { value += other.value; }
  __device__ double total() const { return value; }
  __device__ PlainSum shuffled_down(int lanes) const {
    return {__shfl_down_sync(all_lanes, value, lanes)};
  }
};

struct AddProduct {
  Products products;
  __device__ void operator()(PlainSum& sum, Index i) const { sum.value += products.at(i); }
};

// v3: at least eight terms a thread, as long as there are that many, so that most additions are in
// registers; then warps add by shuffles, with one barrier in place of eight.
void v3(const Tensor& x, const Tensor& y, Tensor& out) {
  check_dot(x, y, out);
  reduce<PlainSum>(x.size(), AddProduct{{x.data<float>(), y.data<float>()}}, 1, out);
}

}  // namespace

Ladder dot_ladder() {
  Ladder ladder{.name = "dot",
                .steps = {{"v1_one_block", [](Ops& ops) { ops.dot = v1; }},
                          {"v2_two_stages", [](Ops& ops) { ops.dot = v2; }},
                          {"v3_registers_and_shuffles", [](Ops& ops) { ops.dot = v3; }},
                          {"v4_sums_of_two_numbers", [](Ops& ops) { ops.dot = cuda::dot; }}},
                .checks = {},
                .timed = {}};
  for (const Shape& x : {Shape{1}, Shape{257}, Shape{2, 5, 7, 3}, Shape{100'003}}) {
    ladder.checks.push_back(tests::dot_case(x));
  }
  const Shape map{1, 512, 512, 64};
  ladder.timed.push_back({tests::dot_case(map), 2 * 4.0 * static_cast<double>(map.size())});
  return ladder;
}

}  // namespace gramgrad::bench
