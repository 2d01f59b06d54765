// Gradients of convolution: with respect to its input, its weights and its bias.
#include <vector>

#include "kernels/contract.h"
#include "kernels/reference/conv2d_geometry.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"
#include "kernels/reference/pool.h"
#include "kernels/reference/relu_mask.h"

namespace gramgrad::reference {
namespace {

// dz = relu_mask * (dy + unpool(dpooled)), [N, Ho, Wo, O]
template <typename T>
std::vector<double> gradient_of_z(const Conv2dParams& params, const Conv2dGradients& gradients,
                                  const Shape& full) {
  std::vector<double> dz = zeros(full.size());
  if (const T* dy = data_or_null<T>(gradients.dy)) {
    std::copy_n(dy, full.size(), dz.begin());
  }
  if (const T* dpooled = data_or_null<T>(gradients.dpooled)) {
    add_unpooled({.kind = params.pool}, full, dpooled,
                 data_or_null<std::uint8_t>(gradients.pool_mask), dz.data());
  }
  if (const auto* mask = data_or_null<std::uint8_t>(gradients.relu_mask)) {
    parallel_for(full.size(), 4, [&](Index i) {
      if (!relu_mask_bit(mask, full[3], i / full[3], i % full[3])) {
        dz[static_cast<std::size_t>(i)] = 0;
      }
    });
  }
  return dz;
}

// w [O, Kh, Kw, I] as [Kh, Kw, I, O], so that sums over the output channels are contiguous.
template <typename T>
std::vector<double> outputs_last(const Conv2dGeometry& g, const T* w) {
  const Index inner = g.kernel_height * g.kernel_width * g.in_channels;
  std::vector<double> result = zeros(inner * g.out_channels);
  parallel_for(inner, g.out_channels, [&](Index k) {
    for (Index o = 0; o < g.out_channels; ++o) {
      result[static_cast<std::size_t>(k * g.out_channels + o)] =
          static_cast<double>(w[o * inner + k]);
    }
  });
  return result;
}

// The output position whose window has kernel position k on input position `at`; -1: there is none.
Index output_position(const Conv2dGeometry& g, Index at, Index k, Index extent) {
  const Index scaled = at + g.padding - k;
  const bool exists = scaled >= 0 && scaled % g.stride == 0 && scaled / g.stride < extent;
  return exists ? scaled / g.stride : -1;
}

// One input pixel's gradient, all channels: sum over the output pixels that saw it.
void gradient_of_pixel(const Conv2dGeometry& g, Index image, Index row, Index column,
                       const double* dz, const double* w, double* dx) {
  std::fill_n(dx, g.in_channels, 0.0);
  for (Index kh = 0; kh < g.kernel_height; ++kh) {
    const Index oh = output_position(g, row, kh, g.out_height);
    for (Index kw = 0; oh >= 0 && kw < g.kernel_width; ++kw) {
      const Index ow = output_position(g, column, kw, g.out_width);
      if (ow < 0) {
        continue;
      }
      const double* from = dz + ((image * g.out_height + oh) * g.out_width + ow) * g.out_channels;
      const double* weights = w + (kh * g.kernel_width + kw) * g.in_channels * g.out_channels;
      for (Index i = 0; i < g.in_channels; ++i) {
        dx[i] += dot_product(from, weights + i * g.out_channels, g.out_channels);
      }
    }
  }
}

}  // namespace

void conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                           const Tensor& w, Tensor& dx, WriteMode mode) {
  check_conv2d_backward_input(params, gradients, w, dx);
  const Conv2dGeometry g(params, dx.shape(), w.shape());
  const Shape full = conv2d_output_shape(params, dx.shape(), w.shape());
  with_type(dx, [&]<typename T>(T) {
    const std::vector<double> dz = gradient_of_z<T>(params, gradients, full);
    const std::vector<double> weights = outputs_last(g, w.data<T>());
    std::vector<double> gradient = zeros(dx.size());
    parallel_for(g.batch * g.in_height, g.in_width * g.operations_per_pixel(), [&](Index row) {
      for (Index column = 0; column < g.in_width; ++column) {
        gradient_of_pixel(g, row / g.in_height, row % g.in_height, column, dz.data(),
                          weights.data(),
                          gradient.data() + (row * g.in_width + column) * g.in_channels);
      }
    });
    store_all(gradient, dx.data<T>(), mode);
  });
}

namespace {

// All weights of output channel o: sum over the output pixels of dz times the window's input.
template <typename T>
void gradient_of_filter(const Conv2dGeometry& g, Index o, const double* dz, const T* x,
                        double* dw) {
  for (Index pixel = 0; pixel < g.batch * g.out_height * g.out_width; ++pixel) {
    const Index row = pixel / g.out_width;
    const Window window = g.window(row / g.out_height, row % g.out_height, pixel % g.out_width);
    const Index run = (window.columns.end - window.columns.begin) * g.in_channels;
    for (Index kh = window.rows.begin; kh < window.rows.end; ++kh) {
      add_scaled(dz[pixel * g.out_channels + o],
                 x + g.input_index(window, kh, window.columns.begin),
                 dw + g.weight_index(0, kh, window.columns.begin), run);
    }
  }
}

}  // namespace

void conv2d_backward_weight(const Conv2dParams& params, const Conv2dGradients& gradients,
                            const Tensor& x, Tensor& dw, Tensor& dbias, WriteMode mode) {
  check_conv2d_backward_weight(params, gradients, x, dw, dbias);
  const Conv2dGeometry g(params, x.shape(), dw.shape());
  const Shape full = conv2d_output_shape(params, x.shape(), dw.shape());
  const Index pixels = full[0] * full[1] * full[2];
  with_type(x, [&]<typename T>(T) {
    const std::vector<double> dz = gradient_of_z<T>(params, gradients, full);
    std::vector<double> gradient = zeros(dw.size());
    parallel_for(g.out_channels, pixels * g.weight_index(1, 0, 0), [&](Index o) {
      gradient_of_filter(g, o, dz.data(), x.data<T>(), gradient.data() + g.weight_index(o, 0, 0));
    });
    store_all(gradient, dw.data<T>(), mode);
    if (T* to = data_or_null<T>(&dbias)) {
      for (Index o = 0; o < g.out_channels; ++o) {
        const double total = pairwise_sum(0, pixels, [&](Index pixel) {
          return dz[static_cast<std::size_t>(pixel * g.out_channels + o)];
        });
        store(to[o], total, mode);
      }
    }
  });
}

}  // namespace gramgrad::reference
