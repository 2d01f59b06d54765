// Gram style loss.
//
//   G(F) = k F^T F,   E = a ||G(F) - G(S)||_F^2
//
// with F [M, C] the generated picture's features, S [N, C] the style picture's, k from each
// picture's own number of pixels. The peers differ in k and a (M pixels, C channels):
//
//   normalization   k         a          who
//   gatys           1/M       1/(4 C^2)  Gatys, Ecker, Bethge 2016, eq. 4 (which has k = 1 and
//                                        a = 1/(4 C^2 M^2): the same where M = N)
//   hw              1/M       1/C^2      leongatys/PytorchNeuralStyleTransfer
//   chw             1/(C M)   1/C^2      jcjohnson/neural-style
//   none            1         1
//
// relative=true replaces a by 1 / ||G(S)||_F^2: every layer is measured against its own target, so
// layers balance by themselves and the value does not depend on the scale of the features.
#pragma once

#include "nn/losses/feature_loss.h"

namespace gramgrad::nn {

enum class GramNormalization { gatys, hw, chw, none };

struct GramLossOptions {
  GramNormalization normalization = GramNormalization::hw;
  bool relative = false;
};

// The factors k and a above, for C channels and a map of `pixels`.
double gram_factor(GramNormalization normalization, std::int64_t channels, std::int64_t pixels);
double gram_loss_weight(GramNormalization normalization, std::int64_t channels);

FeatureLoss make_gram_loss(const GramLossOptions& options);
FeatureLoss make_gram_loss(LossOptions& options);

}  // namespace gramgrad::nn
