// A picture's channels reordered, scaled and shifted: what a network's feeding contract asks for.
#include <array>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {

void channel_affine(const ChannelAffineParams& params, const Tensor& x, Tensor& y) {
  check_channel_affine(params, x, y);
  with_type(x, [&]<typename T>(T) {
    const T* from = x.data<T>();
    T* to = y.data<T>();
    parallel_for(x.size() / 3, 6, [&](Index pixel) {
      for (std::size_t c = 0; c < 3; ++c) {
        const double value = static_cast<double>(from[pixel * 3 + params.source[c]]);
        to[pixel * 3 + static_cast<Index>(c)] =
            static_cast<T>(value * params.scale[c] + params.shift[c]);
      }
    });
  });
}

void channel_affine_backward(const ChannelAffineParams& params, const Tensor& dy, Tensor& dx,
                             WriteMode mode) {
  check_channel_affine_backward(params, dy, dx);
  with_type(dy, [&]<typename T>(T) {
    const T* from = dy.data<T>();
    T* to = dx.data<T>();
    parallel_for(dy.size() / 3, 6, [&](Index pixel) {
      std::array<double, 3> gradient{};  // a source may be used by several channels, or by none
      for (std::size_t c = 0; c < 3; ++c) {
        gradient[static_cast<std::size_t>(params.source[c])] +=
            params.scale[c] * static_cast<double>(from[pixel * 3 + static_cast<Index>(c)]);
      }
      for (std::size_t c = 0; c < 3; ++c) {
        store(to[pixel * 3 + static_cast<Index>(c)], gradient[c], mode);
      }
    });
  });
}

}  // namespace gramgrad::reference
