// L-BFGS by the textbook: the two-loop recursion on vectors. Source: Nocedal & Wright, Numerical
// Optimization, 2006, algorithm 7.4. The other devices run it on dot products (lbfgs_rules.h).
#include <algorithm>
#include <cmath>

#include "kernels/contract.h"
#include "kernels/lbfgs_rules.h"
#include "kernels/reference/operators.h"
#include "kernels/reference/steps.h"

namespace gramgrad::reference {
namespace {

template <typename T>
class LbfgsStep {
 public:
  LbfgsStep(const Tensor& g, Tensor& s, Tensor& y, Tensor& state)
      : slots_(static_cast<int>(s.shape()[0])),
        size_(g.size()),
        g_(g.data<T>()),
        s_(s.data<T>()),
        y_(y.data<T>()),
        state_(*state_in<LbfgsState>(state)),
        inverse_ys_(lbfgs_numbers(&state_, slots_).inverse_ys) {}

  // True: x moves, by change().
  bool run(const LbfgsParams& params, double loss) {
    step_limit_ = params.step_limit;
    state_.largest_gradient = largest_magnitude(g_, size_);
    state_.largest_step = state_.moved != 0 ? largest_magnitude(s(state_.spare), size_) : 0;
    state_.status.loss = loss;
    state_.status.stop = lbfgs_judge(params, state_, loss);
    if (state_.status.stop != StopReason::none) {
      return false;
    }
    learn();
    compute_direction();
    state_.slope = dot(g_, direction_.data());
    state_.gradient_norm1 =
        parallel_sum(size_, [&](Index i) { return std::abs(static_cast<double>(g_[i])); });
    lbfgs_decide(params, state_, loss);
    return state_.status.stop == StopReason::none;
  }

  // Of x[i]; kept, with the gradient, as what the next step learns from.
  double change(Index i) const {
    T& step = s(state_.spare)[i];
    step = static_cast<T>(std::clamp(state_.step_length * direction_[static_cast<std::size_t>(i)],
                                     -step_limit_, step_limit_));
    y(state_.spare)[i] = g_[i];
    return static_cast<double>(step);
  }

 private:
  T* s(int slot) const { return s_ + slot * size_; }
  T* y(int slot) const { return y_ + slot * size_; }

  template <typename A, typename B>
  double dot(const A* a, const B* b) const {
    return parallel_sum(
        size_, [=](Index i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); });
  }

  void learn() {
    double ys = 0;
    double yy = 0;
    std::vector<T> difference;
    if (state_.moved != 0) {
      difference.resize(static_cast<std::size_t>(size_));
      for (Index i = 0; i < size_; ++i) {
        difference[static_cast<std::size_t>(i)] = g_[i] - y(state_.spare)[i];
      }
      ys = dot(difference.data(), s(state_.spare));
      yy = dot(difference.data(), difference.data());
    }
    lbfgs_learn(state_, ys, yy, inverse_ys_, slots_);
    if (state_.learnt >= 0) {
      std::copy(difference.begin(), difference.end(), y(state_.learnt));
    }
  }

  // d = -H g
  void compute_direction() {
    const auto add = [&](double factor, const T* vector) {
      add_scaled(factor, vector, direction_.data(), size_);
    };
    direction_ = zeros(size_);
    add(-1, g_);
    std::vector<double> alpha(static_cast<std::size_t>(slots_));
    for (int age = 0; age < state_.pairs; ++age) {
      const int j = lbfgs_slot(state_.spare, age, slots_);
      alpha[static_cast<std::size_t>(j)] = dot(s(j), direction_.data()) * inverse_ys_[j];
      add(-alpha[static_cast<std::size_t>(j)], y(j));
    }
    if (state_.pairs > 0) {
      std::transform(direction_.begin(), direction_.end(), direction_.begin(),
                     [&](double value) { return state_.scale * value; });
    }
    for (int age = state_.pairs - 1; age >= 0; --age) {
      const int j = lbfgs_slot(state_.spare, age, slots_);
      const double beta = dot(y(j), direction_.data()) * inverse_ys_[j];
      add(alpha[static_cast<std::size_t>(j)] - beta, s(j));
    }
  }

  int slots_;
  Index size_;
  const T* g_;
  T* s_;
  T* y_;
  LbfgsState& state_;
  double* inverse_ys_;
  double step_limit_ = 0;
  std::vector<double> direction_;
};

}  // namespace

void lbfgs_step(const LbfgsParams& params, const AfterStep& after, const Tensor& loss,
                const Tensor& g, Tensor& s, Tensor& y, Tensor& state, Tensor& x) {
  check_lbfgs_step(params, after, loss, g, s, y, state, x);
  with_type(x, [&]<typename T>(T) {
    LbfgsStep<T> step(g, s, y, state);
    if (step.run(params, static_cast<double>(*loss.data<T>()))) {
      const T* values = x.data<T>();
      const Mover<T> move(after, x);
      parallel_for(x.size(), 5,
                   [&](Index i) { move(i, static_cast<double>(values[i]) + step.change(i)); });
    }
  });
}

}  // namespace gramgrad::reference
