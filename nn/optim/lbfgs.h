// L-BFGS with a fixed step, number for number torch.optim.LBFGS without line search.
// Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980; Liu & Nocedal 1989.
#pragma once

#include <vector>

#include "nn/optim/evaluation.h"
#include "nn/optim/optimizer.h"

namespace gramgrad::nn {

struct LbfgsOptions {
  double learning_rate = 1;  // t; the first step has t = min(1, 1/||g||_1) * learning_rate
  int history = 20;          // pairs (s, y) kept; each takes twice the memory of the picture
  // Stop conditions as in PyTorch, which has 1e-7 and 1e-9. At 0 only the degenerate cases stop: a
  // gradient or a step of exact zeros, a direction that leads up.
  double tolerance_grad = 0;
  double tolerance_change = 0;
};

// Scalars (dot products, step lengths) are read to the host and are doubles there, so a step waits
// for the device 2 * history + 6 times. Nothing is allocated once the history is full.
//
// n calls of step() are one torch step() with max_iter = n: what torch checks after its evaluation
// at the end of an iteration is checked here at the beginning of the next step, so a step that
// stops leaves x as it is. Stepping again after a stop evaluates and judges again.
class Lbfgs final : public Optimizer {
 public:
  // Throws Error for options out of range.
  explicit Lbfgs(const LbfgsOptions& options = {});

  StepResult step(Tensor& x, const Evaluate& evaluate) override;

  // Forgets everything: pairs (s, y) were measured on another function, whose variables and
  // curvatures are not those of the picture at the new size. The next step is a first step again.
  void resize_state(const std::function<Tensor(const Tensor&)>& resize) override;

 private:
  struct Pair {
    Tensor s;               // change of x
    Tensor y;               // change of the gradient
    double inverse_ys = 0;  // 1 / (y . s)
  };

  StopReason judge(double loss, const Tensor& gradient);
  void learn_curvature(const Tensor& gradient);
  void compute_direction(const Tensor& gradient);
  Pair& newest(std::size_t age) {
    return pairs_[(next_pair_ + pairs_.size() - 1 - age) % pairs_.size()];
  }

  LbfgsOptions options_;
  ScalarReader read_;

  std::vector<Pair> pairs_;    // a ring once it is full
  std::size_t next_pair_ = 0;  // where the next pair goes: past the newest, on the oldest
  std::vector<double> alpha_;  // of the two-loop recursion, by age
  double scale_ = 1;           // initial inverse Hessian: y.s / y.y of the newest pair

  Tensor direction_;
  Tensor previous_gradient_;
  double step_length_ = 0;
  double previous_loss_ = 0;
  bool started_ = false;  // the first step is done
  bool moved_ = false;    // x moved by step_length_ * direction_ in the last step
};

}  // namespace gramgrad::nn
