// Resizing, y = Mh x Mw^T with a matrix for each axis, from products of matrices to the device's
// own.
#include "bench/ladder/ladder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/resize.cuh"
#include "kernels/resize_taps.h"

namespace gramgrad::bench {
namespace {

using namespace cuda;

// M [out, in], all of it, in memory.
struct WholeRows {
  const float* matrix;
  int in;
  __device__ Span sources(int) const { return {0, in}; }
  __device__ float element(int o, int s) const { return matrix[static_cast<Index>(o) * in + s]; }
};

// One axis: to [outer, out, inner] = M from [outer, in, inner].
template <typename Matrix>
struct AlongAxis {
  Matrix m;
  int in, out;
  Index inner;
  const float* from;
  float* to;

  __device__ void operator()(Index i) const {
    const auto o = static_cast<int>(i / inner % out);
    const float* line = from + i / inner / out * in * inner + i % inner;
    const Span sources = m.sources(o);
    float sum = 0;
    for (int s = sources.begin; s < sources.end; ++s) {
      sum += m.element(o, s) * line[s * inner];
    }
    to[i] = sum;
  }
};

// Rows first, into a map of y's width and x's height, then columns. matrix(axis) is that axis' M.
template <typename MatrixOf>
void in_two_passes(const Tensor& x, Tensor& y, const MatrixOf& matrix) {
  const Index channels = x.shape()[3];
  const auto from = [&](int axis) { return static_cast<int>(x.shape()[axis]); };
  const auto to = [&](int axis) { return static_cast<int>(y.shape()[axis]); };
  using Along = AlongAxis<decltype(matrix(1))>;
  Tensor narrow(x.device(), {x.shape()[0], from(1), to(2), channels}, DType::f32);
  for_each(stream_of(x), narrow.size(),
           Along{matrix(2), from(2), to(2), channels, x.data<float>(), narrow.data<float>()});
  for_each(
      stream_of(x), y.size(),
      Along{matrix(1), from(1), to(1), to(2) * channels, narrow.data<float>(), y.data<float>()});
}

// [out, in]
Tensor whole_matrix(const Device& device, ResizeFilter filter, Index in, Index out) {
  const ResizeTaps taps = resize_taps(filter, in, out);
  std::vector<float> elements(static_cast<std::size_t>(out * in));
  for (Index o = 0; o < out; ++o) {
    for (const ResizeTap& tap : taps.row(o)) {
      elements[static_cast<std::size_t>(o * in + tap.source)] += static_cast<float>(tap.weight);
    }
  }
  return Tensor::from_host<float>(device, {out, in}, DType::f32, elements);
}

// v1: the host makes both matrices and sends them; products go over all of a row, zeros too.
void v1(ResizeFilter filter, const Tensor& x, Tensor& y) {
  check_resize(x, y);
  const auto uploaded = [&](int axis) {
    return whole_matrix(x.device(), filter, x.shape()[axis], y.shape()[axis]);
  };
  const Tensor of_axis[]{uploaded(1), uploaded(2)};
  in_two_passes(x, y, [&](int axis) {
    return WholeRows{of_axis[axis - 1].data<float>(), static_cast<int>(x.shape()[axis])};
  });
}

// v2: threads compute the elements that they need, the few that are not 0.
void v2(ResizeFilter filter, const Tensor& x, Tensor& y) {
  check_resize(x, y);
  in_two_passes(x, y, [&](int axis) {
    return ResizeAxis{filter, static_cast<int>(x.shape()[axis]), static_cast<int>(y.shape()[axis])};
  });
}

}  // namespace

Ladder resize_ladder() {
  using tests::resize_case;
  Ladder ladder{.name = "resize",
                .steps = {{"v1_whole_matrices", [](Ops& ops) { ops.resize = v1; }},
                          {"v2_elements_where_needed", [](Ops& ops) { ops.resize = v2; }},
                          {"v3_one_pass", [](Ops& ops) { ops.resize = cuda::resize; }}},
                .checks = {},
                .timed = {}};
  const Shape picture{1, 512, 512, 3};
  const Shape smaller{1, 384, 384, 3};
  for (const ResizeFilter filter :
       {ResizeFilter::area, ResizeFilter::bilinear, ResizeFilter::bicubic}) {
    ladder.checks.push_back(resize_case(filter, {1, 1, 1, 3}, {1, 3, 2, 3}));
    ladder.checks.push_back(resize_case(filter, {2, 9, 7, 3}, {2, 5, 11, 3}));
    ladder.checks.push_back(resize_case(filter, {1, 33, 40, 5}, {1, 17, 9, 5}));
    ladder.timed.push_back({resize_case(filter, picture, smaller),
                            4.0 * static_cast<double>(picture.size() + smaller.size())});
  }
  return ladder;
}

}  // namespace gramgrad::bench
