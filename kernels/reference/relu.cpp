// ReLU and the bit mask that its gradient needs: bit (c % 8) of byte c/8 of a pixel is y > 0.
#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"
#include "kernels/reference/relu_mask.h"

namespace gramgrad::reference {

void relu(const Tensor& x, Tensor& y, Tensor* mask) {
  check_relu(x, y, mask);
  const Index channels = x.shape()[3];
  const Index pixels = channels == 0 ? 0 : x.size() / channels;
  with_type(x, [&]<typename T>(T) {
    const T* from = x.data<T>();
    T* to = y.data<T>();
    parallel_for(x.size(), 1, [=](Index i) { to[i] = from[i] <= 0 ? T{0} : from[i]; });
    if (std::uint8_t* bits = data_or_null<std::uint8_t>(mask)) {
      write_relu_mask(to, pixels, channels, bits);
    }
  });
}

void relu_backward(const Tensor& dy, const Tensor& mask, Tensor& dx, WriteMode mode) {
  check_relu_backward(dy, mask, dx);
  const Index channels = dy.shape()[3];
  const std::uint8_t* bits = mask.data<std::uint8_t>();
  with_type(dy, [&]<typename T>(T) {
    const T* from = dy.data<T>();
    T* to = dx.data<T>();
    parallel_for(dy.size(), 4, [=](Index i) {
      const bool open = relu_mask_bit(bits, channels, i / channels, i % channels);
      store(to[i], open ? static_cast<double>(from[i]) : 0, mode);
    });
  });
}

}  // namespace gramgrad::reference
