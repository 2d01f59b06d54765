// L-BFGS: the launches of a step.
#include "kernels/cuda/lbfgs.cuh"

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/elementwise.cuh"

namespace gramgrad::cuda {

void lbfgs_step(const LbfgsParams& params, const AfterStep& after, const Tensor& loss,
                const Tensor& g, Tensor& s, Tensor& y, Tensor& state, Tensor& x) {
  check_lbfgs_step(params, after, loss, g, s, y, state, x);
  const int slots = static_cast<int>(s.shape()[0]);
  auto* numbers_of = state_in<LbfgsState>(state);
  const Lbfgs lbfgs{x.size(),
                    slots,
                    g.data<float>(),
                    s.data<float>(),
                    y.data<float>(),
                    numbers_of,
                    lbfgs_numbers(numbers_of, slots)};
  const Stream stream = stream_of(x);
  const auto blocks = static_cast<unsigned>(ceil_div<Index>(x.size(), lbfgs_chunk));
  const auto count = static_cast<int>(blocks);
  const Scratch<PairDots> pair_partials(x, static_cast<Index>(slots) * blocks);
  const Scratch<GradientSums> gradient_partials(x, blocks);
  const Scratch<SplitFactors> factors(x, slots);
  if (blocks > 0) {
    launch(lbfgs_dots_kernel, blocks, threads_per_block, stream, lbfgs, pair_partials.data(),
           gradient_partials.data());
  }
  launch(lbfgs_sums_kernel, static_cast<unsigned>(slots + 1), threads_per_block, stream, lbfgs,
         count, pair_partials.data(), gradient_partials.data());
  constexpr int most_lanes = 1024;
  const int lanes = ceil_div(slots, warp_size) * warp_size;
  launch(lbfgs_decide_kernel, 1, static_cast<unsigned>(lanes < most_lanes ? lanes : most_lanes),
         stream, params, lbfgs, loss.data<float>(), factors.data());
  for_each(stream, x.size(),
           LbfgsMove{lbfgs, factors.data(), params.step_limit, moved_picture(after, x)});
}

}  // namespace gramgrad::cuda
