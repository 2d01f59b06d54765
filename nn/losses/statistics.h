// Style loss of channels' statistics: their means and standard deviations.
//
//   E = a sum_c [(mean_c(F) - mean_c(S))^2 + (deviation_c(F) - deviation_c(S))^2]
//
// over the C channels of the generated picture's features F and the style picture's S. Source: Li,
// Wang, Liu, Hou, "Demystifying Neural Style Transfer", IJCAI 2017 (arXiv 1701.01036), which has
// a = 1/C and calls it BN statistics matching. It sees each channel by itself, where a Gram matrix
// sees pairs.
//
// A deviation is sqrt(variance + epsilon). With epsilon a dead channel, constant over the picture,
// has a gradient, 0; the paper's own program has none, and gives NaN.
//
// relative=true, the default, replaces a by 1 / sum_c [mean_c(S)^2 + deviation_c(S)^2], as that of
// the Gram loss does: layers balance by themselves, whatever the scale of their features.
#pragma once

#include "nn/losses/feature_loss.h"

namespace gramgrad::nn {

struct StatisticsLossOptions {
  bool relative = true;
  double epsilon = 1e-5;  // little beside the variances of VGG's features
};

FeatureLoss make_statistics_loss(const StatisticsLossOptions& options);
FeatureLoss make_statistics_loss(LossOptions& options);

}  // namespace gramgrad::nn
