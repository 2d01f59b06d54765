// Convolution, forward: z = bias + sum over the window of x * w; then ReLU and pooling.
//
// In NHWC a row of a window is contiguous, in x and in w alike: Kw pixels of I channels. So each
// output is a sum of Kh dot products.
#include <vector>

#include "kernels/contract.h"
#include "kernels/reference/conv2d_geometry.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"
#include "kernels/reference/pool.h"
#include "kernels/reference/relu_mask.h"

namespace gramgrad::reference {
namespace {

// One output pixel, all channels.
template <typename T>
void convolve_pixel(const Conv2dGeometry& g, const Window& window, const T* x, const T* w,
                    const T* bias, bool relu, T* y) {
  const Index run = (window.columns.end - window.columns.begin) * g.in_channels;
  for (Index o = 0; o < g.out_channels; ++o) {
    double z = bias == nullptr ? 0 : static_cast<double>(bias[o]);
    for (Index kh = window.rows.begin; kh < window.rows.end; ++kh) {
      z += dot_product(x + g.input_index(window, kh, window.columns.begin),
                       w + g.weight_index(o, kh, window.columns.begin), run);
    }
    y[o] = static_cast<T>(relu && z <= 0 ? 0 : z);  // NaN stays
  }
}

template <typename T>
void convolve(const Conv2dParams& params, const Conv2dGeometry& g, const T* x, const T* w,
              const T* bias, T* y) {
  parallel_for(g.batch * g.out_height, g.out_width * g.operations_per_pixel(), [&](Index row) {
    for (Index ow = 0; ow < g.out_width; ++ow) {
      const Window window = g.window(row / g.out_height, row % g.out_height, ow);
      convolve_pixel(g, window, x, w, bias, params.relu,
                     y + (row * g.out_width + ow) * g.out_channels);
    }
  });
}

}  // namespace

void conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
            const Conv2dOutputs& outputs) {
  check_conv2d(params, x, w, bias, outputs);
  const Conv2dGeometry g(params, x.shape(), w.shape());
  const Shape full = conv2d_output_shape(params, x.shape(), w.shape());
  with_type(x, [&]<typename T>(T) {
    T* y = data_or_null<T>(outputs.y);
    std::vector<T> unwanted;
    if (y == nullptr) {
      unwanted.resize(static_cast<std::size_t>(full.size()));
      y = unwanted.data();
    }
    convolve(params, g, x.data<T>(), w.data<T>(), data_or_null<T>(&bias), y);
    if (std::uint8_t* mask = data_or_null<std::uint8_t>(outputs.relu_mask)) {
      write_relu_mask(y, full[0] * full[1] * full[2], full[3], mask);
    }
    if (T* pooled = data_or_null<T>(outputs.pooled)) {
      pool({.kind = params.pool}, full, y, pooled, data_or_null<std::uint8_t>(outputs.pool_mask));
    }
  });
}

}  // namespace gramgrad::reference
