// Adam, as torch.optim.Adam. Source: Kingma & Ba 2015, algorithm 1.
#include <cmath>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {

void adam_step(const AdamParams& params, const Tensor& g, Tensor& m, Tensor& v, Tensor& x) {
  check_adam_step(params, g, m, v, x);
  const double step = static_cast<double>(params.step);
  const double mean_correction = 1 - std::pow(params.beta1, step);
  const double square_correction = 1 - std::pow(params.beta2, step);
  with_type(x, [&]<typename T>(T) {
    const T* gradient = g.data<T>();
    T* means = m.data<T>();
    T* squares = v.data<T>();
    T* values = x.data<T>();
    parallel_for(x.size(), 10, [=](Index i) {
      const double gi = static_cast<double>(gradient[i]);
      const double mean = params.beta1 * static_cast<double>(means[i]) + (1 - params.beta1) * gi;
      const double square =
          params.beta2 * static_cast<double>(squares[i]) + (1 - params.beta2) * gi * gi;
      means[i] = static_cast<T>(mean);
      squares[i] = static_cast<T>(square);
      const double denominator = std::sqrt(square / square_correction) + params.epsilon;
      store(values[i], -params.learning_rate * (mean / mean_correction) / denominator,
            WriteMode::accumulate);
    });
  });
}

}  // namespace gramgrad::reference
