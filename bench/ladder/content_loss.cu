// The content loss, weight * sum (x - target)^2, with its gradient, from plain to the device's own.
#include "bench/ladder/ladder.h"
#include "bench/ladder/sums.cuh"
#include "kernels/cuda/cuda_ops.h"

namespace gramgrad::bench {
namespace {

using namespace cuda;

struct Square {
  const float* x;
  const float* target;
  float* squares;
  __device__ void operator()(Index i) const {
    const float difference = x[i] - target[i];
    squares[i] = difference * difference;
  }
};

struct Gradient {
  const float* x;
  const float* target;
  float* dx;
  float slope;
  __device__ void operator()(Index i) const { dx[i] = slope * (x[i] - target[i]); }
};

struct SquaredDifferences {
  const float* x;
  const float* target;
  __device__ void operator()(Sum& sum, Index i) const {
    const float difference = x[i] - target[i];
    sum.add_product(difference, difference);
  }
};

void write_gradient(double weight, const Tensor& x, const Tensor& target, Tensor* dx) {
  if (float* to = data_or_null<float>(dx)) {
    for_each(stream_of(x), x.size(),
             Gradient{x.data<float>(), target.data<float>(), to, static_cast<float>(2 * weight)});
  }
}

// v1: squares go to memory, one block adds them, and the gradient is a kernel of its own: x and the
// target are read twice, the squares are written and read.
void v1(double weight, const Tensor& x, const Tensor& target, Tensor& loss, Tensor* dx) {
  check_content_loss(x, target, loss, dx);
  const Scratch<float> squares(x, x.size());
  for_each(stream_of(x), x.size(), Square{x.data<float>(), target.data<float>(), squares.data()});
  launch(add_in_one_block, 1, threads_per_block, stream_of(x), x.size(), squares.data(), weight,
         loss.data<float>());
  write_gradient(weight, x, target, dx);
}

// v2: as many blocks as the GPU takes add, each its share, and one adds their sums.
void v2(double weight, const Tensor& x, const Tensor& target, Tensor& loss, Tensor* dx) {
  check_content_loss(x, target, loss, dx);
  const Scratch<float> squares(x, x.size());
  for_each(stream_of(x), x.size(), Square{x.data<float>(), target.data<float>(), squares.data()});
  reduce<Sum>(x.size(), Values{squares.data()}, weight, loss);
  write_gradient(weight, x, target, dx);
}

// v3: squares are added where they are computed, and never stored.
void v3(double weight, const Tensor& x, const Tensor& target, Tensor& loss, Tensor* dx) {
  check_content_loss(x, target, loss, dx);
  reduce<Sum>(x.size(), SquaredDifferences{x.data<float>(), target.data<float>()}, weight, loss);
  write_gradient(weight, x, target, dx);
}

}  // namespace

Ladder content_loss_ladder() {
  using tests::content_loss_case;
  const Shape map{1, 64, 64, 512};  // relu4_2
  return {
      .name = "content_loss",
      .steps = {{"v1_squares_in_memory_one_block", [](Ops& ops) { ops.content_loss = v1; }},
                {"v2_two_stages", [](Ops& ops) { ops.content_loss = v2; }},
                {"v3_squares_in_registers", [](Ops& ops) { ops.content_loss = v3; }},
                {"v4_one_pass", [](Ops& ops) { ops.content_loss = cuda::content_loss; }}},
      .checks = {content_loss_case({1, 1, 1, 1}, true), content_loss_case({2, 5, 7, 3}, true),
                 content_loss_case({1, 61, 47, 5}, false), content_loss_case({1, 33, 65, 9}, true)},
      .timed = {{content_loss_case(map, true), 3 * 4.0 * static_cast<double>(map.size())}}};
}

}  // namespace gramgrad::bench
