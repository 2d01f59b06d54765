// Adam (Kingma & Ba 2015, algorithm 1), one pass over gradient, moments and values.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/adam.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/simd_inl.h"

#include <cmath>

#include "kernels/contract.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/parallel.h"

#ifndef GRAMGRAD_KERNELS_CPU_ADAM_FACTORS_
#define GRAMGRAD_KERNELS_CPU_ADAM_FACTORS_
namespace gramgrad::cpu {
namespace {

struct AdamFactors {
  float beta1, rest1, beta2, rest2;  // rest: 1 - beta
  float step_size;                   // learning_rate / (1 - beta1^step)
  float correction2;                 // 1 / sqrt(1 - beta2^step)
  float epsilon;
};

}  // namespace
}  // namespace gramgrad::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

void adam_range(const AdamFactors& factors, const float* gradient, float* m, float* v, float* x,
                std::size_t n) {
  for_each_vector(0, n, [=, &factors](auto d, std::size_t i) HWY_ATTR {
    const auto g = hn::LoadU(d, gradient + i);
    const auto rest1 = hn::Mul(hn::Set(d, factors.rest1), g);
    const auto rest2 = hn::Mul(hn::Set(d, factors.rest2), hn::Mul(g, g));
    const auto first = hn::MulAdd(hn::Set(d, factors.beta1), hn::LoadU(d, m + i), rest1);
    const auto second = hn::MulAdd(hn::Set(d, factors.beta2), hn::LoadU(d, v + i), rest2);
    hn::StoreU(first, d, m + i);
    hn::StoreU(second, d, v + i);
    const auto root =
        hn::MulAdd(hn::Sqrt(second), hn::Set(d, factors.correction2), hn::Set(d, factors.epsilon));
    const auto change = hn::Div(hn::Mul(hn::Set(d, factors.step_size), first), root);
    hn::StoreU(hn::Sub(hn::LoadU(d, x + i), change), d, x + i);
  });
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(adam_range);

void adam_step(const AdamParams& params, const Tensor& g, Tensor& m, Tensor& v, Tensor& x) {
  check_adam_step(params, g, m, v, x);
  const auto step = static_cast<double>(params.step);
  const AdamFactors factors{
      .beta1 = static_cast<float>(params.beta1),
      .rest1 = static_cast<float>(1 - params.beta1),
      .beta2 = static_cast<float>(params.beta2),
      .rest2 = static_cast<float>(1 - params.beta2),
      .step_size = static_cast<float>(params.learning_rate / (1 - std::pow(params.beta1, step))),
      .correction2 = static_cast<float>(1 / std::sqrt(1 - std::pow(params.beta2, step))),
      .epsilon = static_cast<float>(params.epsilon),
  };
  const float* gradient = g.data<float>();
  float* first = m.data<float>();
  float* second = v.data<float>();
  float* values = x.data<float>();
  parallel_ranges(x.device().threads(), x.size(), elements_per_task,
                  [&](std::int64_t begin, std::int64_t end) {
                    HWY_DYNAMIC_DISPATCH(adam_range)
                    (factors, gradient + begin, first + begin, second + begin, values + begin,
                     static_cast<std::size_t>(end - begin));
                  });
}

}  // namespace gramgrad::cpu
#endif
