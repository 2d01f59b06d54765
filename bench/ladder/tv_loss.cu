// The total variation, mean dx^2 + mean dy^2 (TvForm::squared_mean), with its gradient, from plain
// to the device's own.
#include <algorithm>

#include "bench/ladder/ladder.h"
#include "bench/ladder/sums.cuh"
#include "kernels/cuda/cuda_ops.h"

namespace gramgrad::bench {
namespace {

using namespace cuda;

// A picture, and the factors of the squared differences of neighbours in a row and in a column.
struct Neighbours {
  const float* x;
  int height, width, channels;
  float across, down;

  // across dx^2 + down dy^2 of the differences that begin at element i
  __device__ float term(Index i) const {
    const Index pixel = i / channels;
    const float right = pixel % width + 1 < width ? x[i + channels] - x[i] : 0;
    const Index row = static_cast<Index>(width) * channels;
    const float below = pixel / width % height + 1 < height ? x[i + row] - x[i] : 0;
    return across * right * right + down * below * below;
  }
  __device__ float gradient(Index i) const {
    const Index pixel = i / channels;
    const Index column = pixel % width;
    const Index line = pixel / width % height;
    const Index row = static_cast<Index>(width) * channels;
    float sum = 0;
    sum += column > 0 ? across * (x[i] - x[i - channels]) : 0;
    sum -= column + 1 < width ? across * (x[i + channels] - x[i]) : 0;
    sum += line > 0 ? down * (x[i] - x[i - row]) : 0;
    sum -= line + 1 < height ? down * (x[i + row] - x[i]) : 0;
    return 2 * sum;
  }
};

Neighbours neighbours_of(const Tensor& x) {
  const Shape& shape = x.shape();
  const auto share = [](Index terms) {
    return static_cast<float>(1.0 / static_cast<double>(std::max<Index>(1, terms)));
  };
  return {x.data<float>(),
          static_cast<int>(shape[1]),
          static_cast<int>(shape[2]),
          static_cast<int>(shape[3]),
          share(shape[0] * shape[1] * (shape[2] - 1) * shape[3]),
          share(shape[0] * (shape[1] - 1) * shape[2] * shape[3])};
}

struct WriteTerm {
  Neighbours of;
  float* terms;
  __device__ void operator()(Index i) const { terms[i] = of.term(i); }
};

struct WriteGradient {
  Neighbours of;
  float weight;
  float* dx;
  __device__ void operator()(Index i) const { dx[i] = weight * of.gradient(i); }
};

struct AddTerm {
  Neighbours of;
  __device__ void operator()(Sum& sum, Index i) const { sum.add(of.term(i)); }
};

void write_gradient(double weight, const Tensor& x, Tensor* dx) {
  if (float* to = data_or_null<float>(dx)) {
    for_each(stream_of(x), x.size(),
             WriteGradient{neighbours_of(x), static_cast<float>(weight), to});
  }
}

// v1: terms go to memory, one block adds them; the gradient is a kernel of its own, in which every
// element gathers from its four neighbours, so that no two threads add to one place.
void v1(const TvLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx) {
  check_tv_loss(params, x, loss, dx);
  const Scratch<float> terms(x, x.size());
  for_each(stream_of(x), x.size(), WriteTerm{neighbours_of(x), terms.data()});
  launch(add_in_one_block, 1, threads_per_block, stream_of(x), x.size(), terms.data(),
         params.weight, loss.data<float>());
  write_gradient(params.weight, x, dx);
}

// v2: terms are added where they are computed, by blocks and then by one.
void v2(const TvLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx) {
  check_tv_loss(params, x, loss, dx);
  reduce<Sum>(x.size(), AddTerm{neighbours_of(x)}, params.weight, loss);
  write_gradient(params.weight, x, dx);
}

}  // namespace

Ladder tv_loss_ladder() {
  const auto tv_loss_case = [](const Shape& x, bool gradient = true) {
    return tests::tv_loss_case(TvForm::squared_mean, x, gradient);
  };
  const Shape picture{1, 512, 512, 3};
  return {
      .name = "tv_loss",
      .steps = {{"v1_terms_in_memory_one_block", [](Ops& ops) { ops.tv_loss = v1; }},
                {"v2_two_stages", [](Ops& ops) { ops.tv_loss = v2; }},
                {"v3_one_pass", [](Ops& ops) { ops.tv_loss = cuda::tv_loss; }}},
      .checks = {tv_loss_case({1, 1, 1, 3}), tv_loss_case({1, 1, 6, 3}), tv_loss_case({2, 7, 1, 3}),
                 tv_loss_case({3, 17, 23, 5}), tv_loss_case({1, 9, 8, 3}, false)},
      .timed = {{tv_loss_case(picture), 2 * 4.0 * static_cast<double>(picture.size())}}};
}

}  // namespace gramgrad::bench
