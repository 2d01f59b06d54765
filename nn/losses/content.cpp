// Content loss: formulas in content.h.
#include "nn/losses/content.h"

#include <algorithm>
#include <array>

#include "autograd/functions.h"
#include "kernels/check.h"
#include "nn/losses/squared_norm.h"

namespace gramgrad::nn {
namespace {

double weight_for(ContentNormalization normalization, const Tensor& target) {
  const double entries = static_cast<double>(target.size());
  switch (normalization) {
    case ContentNormalization::gatys:
      return 0.5;
    case ContentNormalization::mean:
      return 1.0 / entries;
    case ContentNormalization::relative:
      break;
  }
  return 1.0 / floored_squared_norm(target);
}

}  // namespace

FeatureLoss make_content_loss(const ContentLossOptions& options) {
  FeatureLoss loss;
  loss.target = [](const Tensor& features) { return Target{features}; };
  loss.against = [options](const Target& target) -> LayerLoss {
    const Tensor& p = target.front();
    return [p, weight = weight_for(options.normalization, p)](const autograd::Variable& features) {
      check(features.shape() == p.shape(),
            "the content loss compares feature maps of one size, not {} and {}",
            features.shape().to_string(), p.shape().to_string());
      return autograd::content_loss(features, p, weight);
    };
  };
  loss.takes_bf16 = true;
  return loss;
}

FeatureLoss make_content_loss(LossOptions& options) {
  static const std::array<std::string, 3> names{"gatys", "mean", "relative"};
  ContentLossOptions parsed;
  parsed.normalization = static_cast<ContentNormalization>(
      options.choice("normalization", names, static_cast<std::size_t>(parsed.normalization)));
  return make_content_loss(parsed);
}

}  // namespace gramgrad::nn
