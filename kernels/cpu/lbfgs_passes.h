// L-BFGS's two passes over the vectors, for a range of their elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/steps.h"

namespace gramgrad::cpu {

// A pair (s, y) at the range's first element, and its factors in the direction.
struct LbfgsPair {
  const float* s;
  const float* y;
  double along_s = 0;
  double along_y = 0;
};

// First pass: what a range adds to the sums, and the maxima in it.
struct LbfgsSums {
  double gradient_norm2 = 0;    // g.g
  double gradient_norm1 = 0;    // sum |g|
  double largest_gradient = 0;  // max |g|, NaN passed over: then g.g is NaN
  double largest_step = 0;      // max |s| of the last step
};

// The pair that the last step left behind; null: there was none.
struct LbfgsLastStep {
  const float* s;
  const float* g;  // the gradient that it was taken for
};

// With y = g - last.g (zero where there is no last step): adds y.s_j, y.y_j, g.s_j, g.y_j to
// dots[4 j ...] for each pair j, and for the last step with its own y after them.
LbfgsSums lbfgs_dots(const float* g, const LbfgsLastStep& last, const std::vector<LbfgsPair>& pairs,
                     std::size_t n, double* dots);

// Second pass: what it writes. y of the pair just learnt, which holds the gradient before, or null;
// then the new step and its gradient.
struct LbfgsTargets {
  float* learnt_y;
  float* s;
  float* g;
};

struct LbfgsStepSize {
  double length;  // t
  double limit;   // of |s|
};

// s = t (gradient_factor g + sum of the pairs) within the limit, x += s. The pair just learnt is
// one of the pairs.
void lbfgs_move(const float* g, double gradient_factor, const LbfgsStepSize& size,
                const std::vector<LbfgsPair>& pairs, const LbfgsTargets& to,
                const MovedPicture& picture, std::size_t n);

}  // namespace gramgrad::cpu
