// Content loss: squared distance of feature maps F, P [H, W, C].
//
//   normalization   E                        who
//   gatys           1/2 sum (F - P)^2        Gatys, Ecker, Bethge 2016, eq. 1
//   mean            mean (F - P)^2           most others
//   relative        ||F - P||^2 / ||P||^2    independent of the scale of the features
#pragma once

#include "nn/losses/feature_loss.h"

namespace gramgrad::nn {

enum class ContentNormalization { gatys, mean, relative };

struct ContentLossOptions {
  ContentNormalization normalization = ContentNormalization::mean;
};

FeatureLoss make_content_loss(const ContentLossOptions& options);
FeatureLoss make_content_loss(LossOptions& options);

}  // namespace gramgrad::nn
