// Ladders: an operator from its plainest kernel to the one that the CUDA device has, one idea a
// step. A step is put into a copy of the device's operator table; the operator's own test cases
// then check it, before it is timed.
#pragma once

#include <string>
#include <vector>

#include "tests/kernels/cases.h"

namespace gramgrad::bench {

struct Step {
  const char* name;  // "v1_...": what the README explains
  void (*use)(Ops& ops);
  bool tensor_cores = false;  // factors are TF32; compute capability 8.0
};

struct TimedCase {
  tests::OperatorCase operator_case;
  double bytes;  // that have to move: inputs once, outputs once
};

struct Ladder {
  std::string name;
  std::vector<Step> steps;
  std::vector<tests::OperatorCase> checks;  // small and odd
  std::vector<TimedCase> timed;             // VGG's sizes for a picture of 512 x 512
};

Ladder gram_ladder();
Ladder gram_backward_ladder();
Ladder gram_style_loss_ladder();
Ladder content_loss_ladder();
Ladder tv_loss_ladder();
Ladder relu_ladder();
Ladder pool2d_ladder();
Ladder channel_affine_ladder();
Ladder adam_step_ladder();
Ladder lbfgs_step_ladder();
Ladder dot_ladder();
Ladder resize_ladder();
Ladder channel_statistics_ladder();
inline std::vector<Ladder> all_ladders() {
  return {gram_ladder(),
          gram_backward_ladder(),
          gram_style_loss_ladder(),
          content_loss_ladder(),
          tv_loss_ladder(),
          relu_ladder(),
          pool2d_ladder(),
          channel_affine_ladder(),
          adam_step_ladder(),
          lbfgs_step_ladder(),
          dot_ladder(),
          resize_ladder(),
          channel_statistics_ladder()};
}

// The first result of a step that is not the reference's, in words; empty where all agree.
std::string complaint(const Step& step, const tests::OperatorCase& check, const Device& device);

}  // namespace gramgrad::bench
