// Adam (Kingma & Ba 2015, algorithm 1) and gradient descent with momentum, one pass each over the
// gradient, what is kept, and the picture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gradient_steps.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/after_step_inl.h"

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

struct SgdFactors {
  float rate, momentum;
  bool first;  // the velocity is not read
};

}  // namespace
}  // namespace gramgrad::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

void adam_range(const AdamFactors& factors, const float* gradient, float* m, float* v,
                const MovedPicture& picture, std::size_t n) {
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
    move_to(picture, d, hn::Sub(hn::LoadU(d, picture.x + i), change), i);
  });
}

// v may be null: no momentum.
void sgd_range(const SgdFactors& factors, const float* gradient, float* v,
               const MovedPicture& picture, std::size_t n) {
  for_each_vector(0, n, [=, &factors](auto d, std::size_t i) HWY_ATTR {
    auto change = hn::LoadU(d, gradient + i);
    if (v != nullptr) {
      if (!factors.first) {
        change = hn::MulAdd(hn::Set(d, factors.momentum), hn::LoadU(d, v + i), change);
      }
      hn::StoreU(change, d, v + i);
    }
    const auto x = hn::LoadU(d, picture.x + i);
    move_to(picture, d, hn::NegMulAdd(hn::Set(d, factors.rate), change, x), i);
  });
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(adam_range);
HWY_EXPORT(sgd_range);

namespace {

// Notes the loss, and whether a step can be taken for it and the gradient; then counts it.
bool begin_step(StepStatus& status, const Tensor& loss, const Tensor& gradient) {
  status.loss = static_cast<double>(*loss.data<float>());
  const bool finite = std::isfinite(status.loss) && std::isfinite(largest_magnitude(gradient));
  status.stop = finite ? StopReason::none : StopReason::not_finite;
  status.steps += finite ? 1 : 0;
  return finite;
}

}  // namespace

void adam_step(const AdamParams& params, const AfterStep& after, const Tensor& loss,
               const Tensor& g, Tensor& m, Tensor& v, Tensor& state, Tensor& x) {
  check_adam_step(params, after, loss, g, m, v, state, x);
  StepStatus& status = state_in<AdamState>(state)->status;
  if (!begin_step(status, loss, g)) {
    return;
  }
  const auto step = static_cast<double>(status.steps);
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
  const MovedPicture picture(after, x);
  parallel_ranges(x.device().threads(), x.size(), elements_per_task,
                  [&](std::int64_t begin, std::int64_t end) {
                    HWY_DYNAMIC_DISPATCH(adam_range)
                    (factors, gradient + begin, first + begin, second + begin, picture.from(begin),
                     static_cast<std::size_t>(end - begin));
                  });
}

void sgd_step(const SgdParams& params, const AfterStep& after, const Tensor& loss, const Tensor& g,
              Tensor& v, Tensor& state, Tensor& x) {
  check_sgd_step(params, after, loss, g, v, state, x);
  StepStatus& status = state_in<SgdState>(state)->status;
  if (!begin_step(status, loss, g)) {
    return;
  }
  const SgdFactors factors{static_cast<float>(params.learning_rate),
                           static_cast<float>(params.momentum), status.steps == 1};
  const float* gradient = g.data<float>();
  float* velocity = data_or_null<float>(&v);
  const MovedPicture picture(after, x);
  parallel_ranges(x.device().threads(), x.size(), elements_per_task,
                  [&](std::int64_t begin, std::int64_t end) {
                    HWY_DYNAMIC_DISPATCH(sgd_range)
                    (factors, gradient + begin, advanced(velocity, begin), picture.from(begin),
                     static_cast<std::size_t>(end - begin));
                  });
}

}  // namespace gramgrad::cpu
#endif
