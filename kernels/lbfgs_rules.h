// L-BFGS as rules on numbers, the same for every device: when to stop, what to learn, and the
// two-loop recursion on dot products.
//
// Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980; the recursion without
// vectors: Chen, Wang, Zhou, "Large-scale L-BFGS using MapReduce", NIPS 2014. The direction is a
// linear combination of g and of all s_j and y_j, so the recursion needs their dot products only,
// and the vectors are read twice in a step: once for the dot products, once for the sum. The order
// of checks is that of torch/optim/lbfgs.py.
#pragma once

#include <cmath>

#include "kernels/optimizers.h"

// In CUDA's language only GPUs follow these rules; in C++ also a GPU's kernels that run on the CPU.
#if defined(__CUDACC__)
#define GRAMGRAD_ON_DEVICE __device__
#else
#define GRAMGRAD_ON_DEVICE
#endif

namespace gramgrad {

// A pair with less curvature than this is not learnt from: the inverse Hessian must stay positive
// definite. torch's constant, absolute.
constexpr double lbfgs_least_curvature = 1e-10;

// The slot of the pair of that age, the newest being 0.
GRAMGRAD_ON_DEVICE inline int lbfgs_slot(int spare, int age, int slots) {
  return (spare + slots - 1 - age) % slots;
}

// What forbids a step, before it: checks that torch makes after the evaluation at the new x.
GRAMGRAD_ON_DEVICE inline StopReason lbfgs_judge(const LbfgsParams& params, const LbfgsState& state,
                                                 double loss) {
  if (!std::isfinite(loss) || !std::isfinite(state.largest_gradient)) {
    return StopReason::not_finite;
  }
  if (state.largest_gradient <= params.tolerance_grad) {
    return StopReason::gradient_tolerance;
  }
  if (state.moved != 0 && state.largest_step <= params.tolerance_change) {
    return StopReason::step_tolerance;
  }
  if (state.moved != 0 && fabs(loss - state.previous_loss) < params.tolerance_change) {
    return StopReason::loss_tolerance;
  }
  return StopReason::none;
}

// Makes the spare slot the newest pair, if its curvature y.s allows; the oldest gives way.
GRAMGRAD_ON_DEVICE inline void lbfgs_learn(LbfgsState& state, double ys, double yy,
                                           double* inverse_ys, int slots) {
  state.learnt = -1;
  if (state.moved == 0 || !(ys > lbfgs_least_curvature)) {
    return;
  }
  state.scale = ys / yy;
  inverse_ys[state.spare] = 1 / ys;
  state.learnt = state.spare;
  state.pairs = state.pairs + 1 < slots ? state.pairs + 1 : slots - 1;
  state.spare = (state.spare + 1) % slots;
}

// With the slope g.d: the step length t, and whether x moves by t d.
GRAMGRAD_ON_DEVICE inline void lbfgs_decide(const LbfgsParams& params, LbfgsState& state,
                                            double loss) {
  state.step_length = params.learning_rate;
  if (state.started == 0) {
    state.step_length *= state.gradient_norm1 > 1 ? 1 / state.gradient_norm1 : 1;
  }
  state.started = 1;
  state.previous_loss = loss;
  const bool finite = std::isfinite(state.slope);
  const bool descends = finite && !(state.slope > -params.tolerance_change);
  state.moved = descends ? 1 : 0;
  state.status.stop = descends ? StopReason::none
                      : finite ? StopReason::no_descent
                               : StopReason::not_finite;
  state.status.steps += descends ? 1 : 0;
}

// One step's decisions after its dot products, by `lanes` workers in lock step: each has its number
// `lane`, and sync() lets all wait for all.
template <typename Sync>
class LbfgsRecursion {
 public:
  GRAMGRAD_ON_DEVICE LbfgsRecursion(LbfgsState& state, const LbfgsNumbers& numbers, int slots,
                                    int lane, int lanes, Sync sync)
      : state_(state), n_(numbers), slots_(slots), lane_(lane), lanes_(lanes), sync_(sync) {}

  GRAMGRAD_ON_DEVICE void run(const LbfgsParams& params, double loss) {
    const StopReason stop = lbfgs_judge(params, state_, loss);
    sync_();
    if (lane_ == 0) {
      state_.status.loss = loss;
      state_.status.stop = stop;
      state_.learnt = -1;
      if (stop == StopReason::none) {
        const double* spare = n_.dots + 4 * state_.spare;
        lbfgs_learn(state_, spare[0], spare[1], n_.inverse_ys, slots_);
      }
    }
    if (stop != StopReason::none) {
      return;
    }
    sync_();
    pairs_ = state_.pairs;
    spare_ = state_.spare;
    if (state_.learnt >= 0) {
      keep_dots();
    }
    descend();
    ascend();
    if (lane_ == 0) {
      finish();
      lbfgs_decide(params, state_, loss);
    }
  }

 private:
  GRAMGRAD_ON_DEVICE int slot(int age) const { return lbfgs_slot(spare_, age, slots_); }

  // The new pair's row of the matrices.
  GRAMGRAD_ON_DEVICE void keep_dots() {
    const int fresh = slot(0);
    for (int age = lane_; age < pairs_; age += lanes_) {
      const int j = slot(age);
      n_.ys[fresh * slots_ + j] = n_.dots[4 * j];
      n_.yy[fresh * slots_ + j] = n_.dots[4 * j + 1];
      n_.yy[j * slots_ + fresh] = n_.dots[4 * j + 1];
    }
  }

  // From the newest pair to the oldest: d = -g; alpha_j = s_j.d / y_j.s_j; d -= alpha_j y_j.
  GRAMGRAD_ON_DEVICE void descend() {
    for (int age = lane_; age < pairs_; age += lanes_) {
      const int j = slot(age);
      n_.along_s[j] = -n_.dots[4 * j + 2];
      n_.along_y[j] = -n_.dots[4 * j + 3];
    }
    for (int newer = 0; newer < pairs_; ++newer) {
      sync_();
      const int j = slot(newer);
      const double alpha = n_.inverse_ys[j] * n_.along_s[j];
      for (int age = lane_; age < pairs_; age += lanes_) {
        const int i = slot(age);
        n_.along_y[i] -= alpha * n_.yy[j * slots_ + i];
        if (age > newer) {
          n_.along_s[i] -= alpha * n_.ys[j * slots_ + i];
        }
      }
    }
  }

  // d *= scale; from the oldest pair to the newest: d += (alpha_j - y_j.d / y_j.s_j) s_j. Leaves
  // the factors of all vectors in d behind.
  GRAMGRAD_ON_DEVICE void ascend() {
    const double scale = pairs_ > 0 ? state_.scale : 1;
    for (int age = lane_; age < pairs_; age += lanes_) {
      n_.along_y[slot(age)] *= scale;
    }
    for (int older = pairs_ - 1; older >= 0; --older) {
      sync_();
      const int j = slot(older);
      const double alpha = n_.inverse_ys[j] * n_.along_s[j];
      const double factor = alpha - n_.inverse_ys[j] * n_.along_y[j];
      sync_();
      for (int age = lane_; age < pairs_; age += lanes_) {
        const int i = slot(age);
        if (age < older) {
          n_.along_y[i] += factor * n_.ys[i * slots_ + j];
        } else if (age == older) {
          n_.along_s[i] = factor;
          n_.along_y[i] = -scale * alpha;
        }
      }
    }
    if (lane_ == 0) {
      state_.gradient_factor = -scale;
    }
    sync_();
  }

  GRAMGRAD_ON_DEVICE void finish() {
    double slope = state_.gradient_factor * state_.gradient_norm2;
    for (int age = 0; age < pairs_; ++age) {
      const int j = slot(age);
      slope += n_.along_s[j] * n_.dots[4 * j + 2] + n_.along_y[j] * n_.dots[4 * j + 3];
    }
    state_.slope = slope;
  }

  LbfgsState& state_;
  LbfgsNumbers n_;
  int slots_, lane_, lanes_;
  Sync sync_;
  int pairs_ = 0, spare_ = 0;
};

}  // namespace gramgrad
