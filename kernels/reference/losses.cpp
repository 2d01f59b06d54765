// Losses that compare element by element.
#include <algorithm>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {
namespace {

// loss = weight * sum difference(x_i)^2, dx = 2 weight difference(x_i)
template <typename T, typename Difference>
void squared_loss(double weight, const Tensor& x, Tensor& loss, Tensor* dx,
                  const Difference& difference) {
  const T* values = x.data<T>();
  if (T* gradient = data_or_null<T>(dx)) {
    parallel_for(x.size(), 1, [&](Index i) {
      gradient[i] = static_cast<T>(2 * weight * difference(i, static_cast<double>(values[i])));
    });
  }
  const double total = parallel_sum(x.size(), [&](Index i) {
    const double d = difference(i, static_cast<double>(values[i]));
    return d * d;
  });
  loss.data<T>()[0] = static_cast<T>(weight * total);
}

}  // namespace

void content_loss(double weight, const Tensor& x, const Tensor& target, Tensor& loss, Tensor* dx) {
  check_content_loss(x, target, loss, dx);
  with_type(x, [&]<typename T>(T) {
    const T* wanted = target.data<T>();
    squared_loss<T>(weight, x, loss, dx,
                    [=](Index i, double value) { return value - static_cast<double>(wanted[i]); });
  });
}

void range_loss(const RangeLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx) {
  check_range_loss(params, x, loss, dx);
  const double count = static_cast<double>(std::max<Index>(1, x.size()));
  with_type(x, [&]<typename T>(T) {
    squared_loss<T>(params.weight / count, x, loss, dx, [&](Index, double value) {
      return value - std::clamp(value, params.low, params.high);
    });
  });
}

}  // namespace gramgrad::reference
