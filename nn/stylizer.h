// The stylizer: minimises the objective over a picture, coarse to fine.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "nn/objective.h"
#include "nn/optim/optim.h"
#include "nn/scale_run.h"
#include "nn/schedule.h"
#include "nn/vgg.h"

namespace gramgrad::nn {

enum class InitKind { content, style, noise, picture };

struct StylizerOptions {
  ObjectiveOptions objective;
  // A tenth of the range from black to white: less would slow L-BFGS down, and without a limit Gram
  // losses that are not relative throw the picture far out of the range in the third iteration.
  OptimizerOptions optimizer{.step_limit = 0.1};
  InitKind init = InitKind::content;
  std::uint64_t seed = 0;  // of InitKind::noise
  // Style pictures are brought to this multiple of the picture's longer side, at each scale: larger
  // strokes with more.
  double style_scale = 1;
  // Brings x to [0, 1] after each iteration.
  bool clamp = false;
  // > 0: the result is the bias-corrected running mean of the last scale's pictures with this decay
  // (Adam's noise averages out; style-transfer-pytorch has 0.99).
  double average_decay = 0;
  // The observer gets the picture as it is after every so many iterations, counted over all scales;
  // 0: only at the end of each scale. Between, a picture may be some iterations ahead of its
  // report.
  int picture_every = 0;
};

struct IterationReport {
  int scale = 0;  // from 0
  int scales = 0;
  int iteration = 0;  // in its scale, from 1
  int iterations = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  double total = 0;  // at the picture that the iteration started from
  std::vector<LossTerm> terms;
  StopReason stop = StopReason::none;  // why this scale ends here, before all its iterations
};

// Called for each iteration, in order, with the picture. A GPU runs many iterations on its own:
// their reports then come together, about ten times a second. False: stop.
using Observer = std::function<bool(const IterationReport& report, const Tensor& picture)>;

struct StylizeInputs {
  Tensor content;              // [1, H, W, 3], of any size; see nn/objective.h
  std::vector<Tensor> styles;  // each [1, H', W', 3], of any size
  Tensor start;                // for InitKind::picture, of any size
};

struct StylizeResult {
  Tensor picture;                      // of the last scale that was reached; may leave [0, 1]
  bool interrupted = false;            // the observer said stop
  StopReason stop = StopReason::none;  // why the last scale ended; none: its iterations were done
};

// Goes through the scales of `schedule`; the result of one, enlarged, is the start of the next, and
// the optimiser's state goes along where it keeps its meaning (Optimizer::resize_state). A scale
// ends early where the optimiser stops. Throws Error for options that do not fit.
StylizeResult stylize(const Vgg& vgg, const StylizerOptions& options, const StylizeInputs& inputs,
                      std::span<const Scale> schedule, const Observer& observer);

// Brings a picture [N, H, W, C] to height x width: area where it shrinks, bicubic where it grows.
Tensor resized(const Tensor& picture, std::int64_t height, std::int64_t width);

}  // namespace gramgrad::nn
