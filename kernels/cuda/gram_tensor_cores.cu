// Gram matrices on tensor cores, in TF32 or bf16: gram.cuh with the tile kernel of
// tensor_matmul.cuh.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/gram.cuh"
#include "kernels/cuda/tensor_cores.h"
#include "kernels/cuda/tensor_matmul.cuh"

namespace gramgrad::cuda {
namespace tensor_cores {
namespace {

// An odd number of channels in bf16: rows begin in the middle of a word, and the plain kernel has
// to do.
bool suit(const Tensor& f) {
  return f.dtype() != DType::bf16 || channels_of(f) % per_word<Bf16> == 0;
}

constexpr auto product = [](const Tensor& f, const auto& consumer) {
  const SplitMemory split(f, gram_size(f));
  with_map_type(f, [&]<typename T>(T) {
    tensor_matmul<true>(stream_of(f), split.size, f.data<T>(), f.data<T>(), split.partials());
  });
  consumer(split.partials());
};

void gram(double scale, const Tensor& f, Tensor& g) {
  check_gram(f, g);
  if (suit(f)) {
    gram_by(product, scale, f, g);
  } else {
    cuda::gram(scale, f, g);
  }
}

void gram_style_loss(const GramStyleLossParams& params, const Tensor& f, const Tensor& target,
                     Tensor& loss, Tensor* dg) {
  check_gram_style_loss(f, target, loss, dg);
  if (suit(f)) {
    gram_style_loss_by(product, params, f, target, loss, dg);
  } else {
    cuda::gram_style_loss(params, f, target, loss, dg);
  }
}

// dg + dg^T, of each item, as the type that is multiplied
template <typename T>
struct AddTransposed {
  const float* dg;
  T* both;
  int channels;
  __device__ void operator()(Index element) const {
    const auto j = static_cast<int>(element % channels);
    const auto i = static_cast<int>(element / channels % channels);
    const Index item = element - static_cast<Index>(i) * channels - j;
    store(both[element], dg[element] + dg[item + static_cast<Index>(j) * channels + i], false);
  }
};

void gram_backward(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode) {
  check_gram_backward(f, dg, df);
  if (!suit(f)) {
    cuda::gram_backward(scale, f, dg, df, mode);
    return;
  }
  const MatmulSize size = gram_backward_size(f);
  with_map_type(f, [&]<typename T>(T) {
    const Scratch<T> both(f, dg.size());
    for_each(stream_of(f), dg.size(), AddTransposed<T>{dg.data<float>(), both.data(), size.n});
    const StoreFeatureGradient<T> output{df.data<T>(), size.m, size.n, static_cast<float>(scale),
                                         adds(mode)};
    tensor_matmul<false>(stream_of(f), size, f.data<T>(), both.data(), output);
  });
}

}  // namespace
}  // namespace tensor_cores

void use_tensor_cores(Ops& ops) {
  ops.gram = tensor_cores::gram;
  ops.gram_style_loss = tensor_cores::gram_style_loss;
  ops.gram_backward = tensor_cores::gram_backward;
}

}  // namespace gramgrad::cuda
