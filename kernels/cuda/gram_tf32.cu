// Gram matrices in TF32, on tensor cores: gram.cuh with the tile kernel of tensor_matmul.cuh.
#include "kernels/cuda/gram.cuh"
#include "kernels/cuda/tensor_cores.h"
#include "kernels/cuda/tensor_matmul.cuh"

namespace gramgrad::cuda {
namespace {

constexpr auto product = [](const Tensor& f, const auto& consumer) {
  const SplitMemory split(f, gram_size(f));
  tensor_matmul<true>(stream_of(f), split.size, f.data<float>(), f.data<float>(), split.partials());
  consumer(split.partials());
};

void gram(double scale, const Tensor& f, Tensor& g) {
  gram_by(product, scale, f, g);
}

void gram_style_loss(const GramStyleLossParams& params, const Tensor& f, const Tensor& target,
                     Tensor& loss, Tensor* dg) {
  gram_style_loss_by(product, params, f, target, loss, dg);
}

// dg + dg^T, of each item
struct AddTransposed {
  const float* dg;
  float* both;
  int channels;
  __device__ void operator()(Index element) const {
    const auto j = static_cast<int>(element % channels);
    const auto i = static_cast<int>(element / channels % channels);
    const Index item = element - static_cast<Index>(i) * channels - j;
    both[element] = dg[element] + dg[item + static_cast<Index>(j) * channels + i];
  }
};

void gram_backward(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode) {
  check_gram_backward(f, dg, df);
  const MatmulSize size = gram_backward_size(f);
  const Scratch<float> both(f, dg.size());
  for_each(stream_of(f), dg.size(), AddTransposed{dg.data<float>(), both.data(), size.n});
  const StoreFeatureGradient output{df.data<float>(), size.m, size.n, static_cast<float>(scale),
                                    adds(mode)};
  tensor_matmul<false>(stream_of(f), size, f.data<float>(), both.data(), output);
}

}  // namespace

void use_tensor_cores(Ops& ops) {
  ops.gram = gram;
  ops.gram_style_loss = gram_style_loss;
  ops.gram_backward = gram_backward;
}

}  // namespace gramgrad::cuda
