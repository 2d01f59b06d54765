// Adam, as torch.optim.Adam (Kingma & Ba 2015, algorithm 1), and gradient descent with momentum, as
// torch.optim.SGD.
#include <cmath>

#include "kernels/contract.h"
#include "kernels/reference/operators.h"
#include "kernels/reference/steps.h"

namespace gramgrad::reference {

void adam_step(const AdamParams& params, const AfterStep& after, const Tensor& loss,
               const Tensor& g, Tensor& m, Tensor& v, Tensor& state, Tensor& x) {
  check_adam_step(params, after, loss, g, m, v, state, x);
  with_type(x, [&]<typename T>(T) {
    AdamState& adam = *state_in<AdamState>(state);
    const T* gradient = g.data<T>();
    if (!begin_step(adam.status, loss.data<T>(), gradient, x.size())) {
      return;
    }
    const double step = static_cast<double>(adam.status.steps);
    const double mean_correction = 1 - std::pow(params.beta1, step);
    const double square_correction = 1 - std::pow(params.beta2, step);
    T* means = m.data<T>();
    T* squares = v.data<T>();
    const T* values = x.data<T>();
    const Mover<T> move(after, x);
    parallel_for(x.size(), 10, [&](Index i) {
      const double gi = static_cast<double>(gradient[i]);
      const double mean = params.beta1 * static_cast<double>(means[i]) + (1 - params.beta1) * gi;
      const double square =
          params.beta2 * static_cast<double>(squares[i]) + (1 - params.beta2) * gi * gi;
      means[i] = static_cast<T>(mean);
      squares[i] = static_cast<T>(square);
      const double denominator = std::sqrt(square / square_correction) + params.epsilon;
      move(i, static_cast<double>(values[i]) -
                  params.learning_rate * (mean / mean_correction) / denominator);
    });
  });
}

void sgd_step(const SgdParams& params, const AfterStep& after, const Tensor& loss, const Tensor& g,
              Tensor& v, Tensor& state, Tensor& x) {
  check_sgd_step(params, after, loss, g, v, state, x);
  with_type(x, [&]<typename T>(T) {
    SgdState& sgd = *state_in<SgdState>(state);
    const T* gradient = g.data<T>();
    if (!begin_step(sgd.status, loss.data<T>(), gradient, x.size())) {
      return;
    }
    const double momentum = sgd.status.steps == 1 ? 0 : params.momentum;
    T* velocity = data_or_null<T>(&v);
    const T* values = x.data<T>();
    const Mover<T> move(after, x);
    parallel_for(x.size(), 5, [&](Index i) {
      double change = static_cast<double>(gradient[i]);
      if (velocity != nullptr) {
        change += momentum == 0 ? 0 : momentum * static_cast<double>(velocity[i]);
        velocity[i] = static_cast<T>(change);
      }
      move(i, static_cast<double>(values[i]) - params.learning_rate * change);
    });
  });
}

}  // namespace gramgrad::reference
