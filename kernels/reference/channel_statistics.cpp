// Mean and standard deviation of every channel of each picture: two passes, mean first.
#include <cmath>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {

void channel_statistics(double epsilon, const Tensor& x, Tensor& mean, Tensor& deviation) {
  check_channel_statistics(epsilon, x, mean, deviation);
  const Index pixels = x.shape()[1] * x.shape()[2];
  const Index channels = x.shape()[3];
  const auto share = [=](double sum) { return sum / static_cast<double>(pixels); };
  with_type(x, [&]<typename T>(T) {
    parallel_for(mean.size(), 2 * pixels, [&](Index i) {
      const T* channel = x.data<T>() + i / channels * pixels * channels + i % channels;
      const auto value = [=](Index p) { return static_cast<double>(channel[p * channels]); };
      const double centre = share(pairwise_sum(0, pixels, value));
      const double variance = share(pairwise_sum(0, pixels, [&](Index p) {
        const double distance = value(p) - centre;
        return distance * distance;
      }));
      mean.data<T>()[i] = static_cast<T>(centre);
      deviation.data<T>()[i] = static_cast<T>(std::sqrt(variance + epsilon));
    });
  });
}

void channel_statistics_backward(const ChannelStatisticsGradients& gradients, const Tensor& x,
                                 const Tensor& mean, const Tensor& deviation, Tensor& dx,
                                 WriteMode mode) {
  check_channel_statistics_backward(gradients, x, mean, deviation, dx);
  const Index pixels = x.shape()[1] * x.shape()[2];
  const Index channels = x.shape()[3];
  with_type(x, [&]<typename T>(T) {
    const T* dmean = data_or_null<T>(gradients.dmean);
    const T* ddeviation = data_or_null<T>(gradients.ddeviation);
    parallel_for(x.size(), 4, [&](Index i) {
      const Index at = i / channels / pixels * channels + i % channels;
      double sum = dmean != nullptr ? static_cast<double>(dmean[at]) : 0;
      const double spread = static_cast<double>(deviation.data<T>()[at]);
      if (ddeviation != nullptr && spread != 0) {
        const double distance =
            static_cast<double>(x.data<T>()[i]) - static_cast<double>(mean.data<T>()[at]);
        sum += static_cast<double>(ddeviation[at]) * distance / spread;
      }
      store(dx.data<T>()[i], sum / static_cast<double>(pixels), mode);
    });
  });
}

}  // namespace gramgrad::reference
