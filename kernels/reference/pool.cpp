// Pooling as an operator of its own.
#include "kernels/reference/pool.h"

#include "kernels/contract.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {

void pool2d(const Pool2dParams& params, const Tensor& x, Tensor& y, Tensor* mask) {
  check_pool2d(params, x, y, mask);
  with_type(x, [&]<typename T>(T) {
    pool(params, x.shape(), x.data<T>(), y.data<T>(), data_or_null<std::uint8_t>(mask));
  });
}

void pool2d_backward(const Pool2dParams& params, const Tensor& dy, const Tensor* mask, Tensor& dx,
                     WriteMode mode) {
  check_pool2d_backward(params, dy, mask, dx);
  std::vector<double> gradient = zeros(dx.size());
  with_type(dy, [&]<typename T>(T) {
    add_unpooled(params, dx.shape(), dy.data<T>(), data_or_null<std::uint8_t>(mask),
                 gradient.data());
    store_all(gradient, dx.data<T>(), mode);
  });
}

}  // namespace gramgrad::reference
