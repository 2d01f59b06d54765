// Style loss of channels' means and deviations: formulas in statistics.h.
#include "nn/losses/statistics.h"

#include <array>

#include "autograd/functions.h"
#include "nn/losses/squared_norm.h"

namespace gramgrad::nn {

FeatureLoss make_statistics_loss(const StatisticsLossOptions& options) {
  FeatureLoss loss;
  loss.target = [options](const Tensor& features) {
    const auto [mean, deviation] =
        autograd::channel_statistics(autograd::Variable(features), options.epsilon);
    return Target{mean.value(), deviation.value()};
  };
  loss.against = [options](const Target& target) -> LayerLoss {
    const Tensor& mean = target[0];
    const Tensor& deviation = target[1];
    const double weight =
        1 / (options.relative ? floored_squared_norm(mean) + floored_squared_norm(deviation)
                              : static_cast<double>(mean.size()));
    return [options, mean, deviation, weight](const autograd::Variable& features) {
      const auto of = autograd::channel_statistics(features, options.epsilon);
      return autograd::add(autograd::content_loss(of.mean, mean, weight),
                           autograd::content_loss(of.deviation, deviation, weight));
    };
  };
  loss.takes_bf16 = true;
  return loss;
}

FeatureLoss make_statistics_loss(LossOptions& options) {
  StatisticsLossOptions parsed;
  parsed.relative = options.flag("relative", parsed.relative);
  return make_statistics_loss(parsed);
}

}  // namespace gramgrad::nn
