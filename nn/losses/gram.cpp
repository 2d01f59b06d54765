// Gram style loss: formulas in gram.h.
#include "nn/losses/gram.h"

#include <array>

#include "autograd/functions.h"
#include "kernels/ops.h"
#include "nn/losses/squared_norm.h"

namespace gramgrad::nn {
namespace {

std::int64_t pixels_of(const Shape& features) {
  return features[1] * features[2];
}

}  // namespace

double gram_factor(GramNormalization normalization, std::int64_t channels, std::int64_t pixels) {
  switch (normalization) {
    case GramNormalization::gatys:
    case GramNormalization::hw:
      return 1.0 / static_cast<double>(pixels);
    case GramNormalization::chw:
      return 1.0 / (static_cast<double>(channels) * static_cast<double>(pixels));
    case GramNormalization::none:
      break;
  }
  return 1.0;
}

double gram_loss_weight(GramNormalization normalization, std::int64_t channels) {
  const double entries = static_cast<double>(channels) * static_cast<double>(channels);
  switch (normalization) {
    case GramNormalization::gatys:
      return 0.25 / entries;
    case GramNormalization::hw:
    case GramNormalization::chw:
      return 1.0 / entries;
    case GramNormalization::none:
      break;
  }
  return 1.0;
}

FeatureLoss make_gram_loss(const GramLossOptions& options) {
  FeatureLoss loss;
  loss.target = [options](const Tensor& features) {
    const Shape& shape = features.shape();
    const double k = gram_factor(options.normalization, shape[3], pixels_of(shape));
    return Target{autograd::gram(autograd::Variable(features), k).value()};
  };
  loss.against = [options](const Target& target) -> LayerLoss {
    const Tensor& a = target.front();
    const std::int64_t channels = a.shape()[2];
    const double weight = options.relative ? 1.0 / floored_squared_norm(a)
                                           : gram_loss_weight(options.normalization, channels);
    return [options, a, weight](const autograd::Variable& features) {
      const Shape& shape = features.shape();
      const double k = gram_factor(options.normalization, shape[3], pixels_of(shape));
      return autograd::gram_style_loss({.gram_scale = k, .weight = weight}, features, a);
    };
  };
  loss.takes_bf16 = true;
  return loss;
}

FeatureLoss make_gram_loss(LossOptions& options) {
  static const std::array<std::string, 4> names{"gatys", "hw", "chw", "none"};
  GramLossOptions parsed;
  parsed.normalization = static_cast<GramNormalization>(
      options.choice("normalization", names, static_cast<std::size_t>(parsed.normalization)));
  parsed.relative = options.flag("relative", parsed.relative);
  return make_gram_loss(parsed);
}

}  // namespace gramgrad::nn
