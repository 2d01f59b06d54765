// The iterations at one scale: forward, losses, backward, optimiser, as one step that the device
// repeats on its own. Numbers reach the host after a batch of iterations.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/scalar_ring.h"
#include "nn/objective.h"
#include "nn/optim/optimizer.h"

namespace gramgrad::nn {

// A term of the objective, its weight applied.
struct LossTerm {
  std::string name;  // content, style, tv, range
  double value;
};

struct ScaleRunOptions {
  bool clamp = false;        // x to [0, 1] in each iteration
  double average_decay = 0;  // > 0: picture() is a bias-corrected running mean
  int iterations = 1;        // at most
};

class ScaleRun {
 public:
  // `picture` is changed in place. Objective and optimiser must outlive the run.
  ScaleRun(const Objective& objective, Optimizer& optimizer, const ScaleRunOptions& options,
           Tensor picture);

  struct Iteration {
    double total;  // at the picture that the iteration started from
    std::vector<LossTerm> terms;
    StopReason stop;
  };
  // 1 to `most` iterations, up to the first that stops: one on a CPU, on a GPU as many as fit into
  // a tenth of a second. An iteration that stops changes nothing, nor would those after it.
  std::vector<Iteration> advance(int most);

  // As it is now.
  Tensor picture() const;

 private:
  void enqueue();
  int batch(int most) const;

  const Objective& objective_;
  Optimizer& optimizer_;
  double average_decay_;
  Tensor picture_;
  Tensor average_;  // undefined: not wanted
  AfterStep after_;
  ScalarRing ring_;
  std::vector<std::string> names_;  // of the terms
  std::function<void()> iterate_;
  int runs_ = 0;
  double seconds_ = 0;    // an iteration took in the last batch
  double remaining_ = 1;  // average_decay^steps
};

// When pictures are due: every so many iterations, 0: never.
class PictureDates {
 public:
  explicit PictureDates(int every) : every_(every) {}

  // So many iterations, but not beyond the next date.
  int limit(int iterations) const;
  void advance(int iterations);

 private:
  int every_;
  int since_ = 0;  // the last date
};

}  // namespace gramgrad::nn
