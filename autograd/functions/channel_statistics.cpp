// Mean and standard deviation of every channel, over the M pixels of each picture.
// With d = sqrt(variance + epsilon):  dx = (d_mean + d_deviation (x - mean) / d) / M.
#include "autograd/functions.h"
#include "autograd/node.h"

namespace gramgrad::autograd {

ChannelStatistics channel_statistics(const Variable& features, double epsilon) {
  const Tensor& x = features.value();
  check(x.shape().rank() == 4, "channel_statistics: features {} are not [N,H,W,C]",
        x.shape().to_string());
  Tensor mean(x.device(), {x.shape()[0], x.shape()[3]}, sum_type(x.dtype()));
  Tensor deviation(x.device(), mean.shape(), mean.dtype());
  x.device().ops().channel_statistics(epsilon, x, mean, deviation);
  const auto backward = [x, mean, deviation](Backward& step) {
    const ChannelStatisticsGradients gradients{.dmean = step.dy_or_null(0),
                                               .ddeviation = step.dy_or_null(1)};
    step.into(0, [&](Tensor& dx, WriteMode mode) {
      dx.device().ops().channel_statistics_backward(gradients, x, mean, deviation, dx, mode);
    });
  };
  const std::vector<Variable> outputs = record(
      "channel_statistics", std::vector<Tensor>{mean, deviation}, std::array{features}, backward);
  return {outputs[0], outputs[1]};
}

}  // namespace gramgrad::autograd
