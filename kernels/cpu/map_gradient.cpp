// Gradient of ReLU and pooling, gathered: each element of dz sums what flows to it, so that rows
// can be computed in parallel even where windows overlap.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/map_gradient.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bits_inl.h"

#include <algorithm>

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/map_gradient.h"
#include "kernels/cpu/parallel.h"

#ifndef GRAMGRAD_KERNELS_CPU_MAP_GRADIENT_WINDOWS_
#define GRAMGRAD_KERNELS_CPU_MAP_GRADIENT_WINDOWS_
namespace gramgrad::cpu {
namespace {

// The outputs, along one axis, whose windows cover input position `at`.
struct Windows {
  Windows(const Pool2dParams& pool, std::int64_t at, std::int64_t outputs)
      : begin(at < pool.window ? 0 : (at - pool.window) / pool.stride + 1),
        end(std::min(outputs, at / pool.stride + 1)) {}
  std::int64_t begin, end;
};

}  // namespace
}  // namespace gramgrad::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// What flows to the pixel (h, w), channels c, c+1, ..., from the windows that cover it.
template <class D>
HWY_INLINE hn::Vec<D> unpooled(D d, const MapGradient& gradient, std::int64_t h, std::int64_t w,
                               const Windows& rows, const Windows& columns, std::size_t c) {
  const hn::Rebind<std::int32_t, D> integers;
  const hn::Rebind<std::uint8_t, D> bytes;
  const Pool2dParams& pool = gradient.pool;
  const auto share = hn::Set(d, 1.0F / static_cast<float>(pool.window * pool.window));
  auto sum = hn::Zero(d);
  for (std::int64_t oh = rows.begin; oh < rows.end; ++oh) {
    for (std::int64_t ow = columns.begin; ow < columns.end; ++ow) {
      const std::int64_t first = (oh * gradient.pooled_width + ow) * gradient.channels;
      const auto value = hn::LoadU(d, gradient.dpooled + first + c);
      if (gradient.winners == nullptr) {
        sum = hn::MulAdd(value, share, sum);
      } else {
        const auto k = static_cast<std::int32_t>((h - oh * pool.stride) * pool.window +
                                                 (w - ow * pool.stride));
        const auto winner = hn::PromoteTo(integers, hn::LoadU(bytes, gradient.winners + first + c));
        const auto won = hn::RebindMask(d, hn::Eq(winner, hn::Set(integers, k)));
        sum = hn::Add(sum, hn::IfThenElseZero(won, value));
      }
    }
  }
  return sum;
}

void gradient_row(const MapGradient& gradient, std::int64_t h, float* dz, bool accumulate) {
  const std::int64_t channels = gradient.channels;
  const Windows rows(gradient.pool, h, gradient.dpooled != nullptr ? gradient.pooled_height : 0);
  for (std::int64_t w = 0; w < gradient.width; ++w) {
    const std::int64_t pixel = h * gradient.width + w;
    const float* dy = advanced(gradient.dy, pixel * channels);
    const std::uint8_t* bits = advanced(gradient.relu_mask, pixel * ceil_div(channels, 8));
    const Windows columns(gradient.pool, w, gradient.pooled_width);
    float* to = dz + w * channels;
    for_each_vector(0, static_cast<std::size_t>(channels), [&](auto d, std::size_t c) HWY_ATTR {
      auto sum = unpooled(d, gradient, h, w, rows, columns, c);
      if (dy != nullptr) {
        sum = hn::Add(sum, hn::LoadU(d, dy + c));
      }
      if (bits != nullptr) {
        sum = hn::IfThenElseZero(mask_from_bits(d, bits, c), sum);
      }
      hn::StoreU(accumulate ? hn::Add(sum, hn::LoadU(d, to + c)) : sum, d, to + c);
    });
  }
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(gradient_row);

void write_gradient_row(const MapGradient& gradient, std::int64_t h, float* dz, WriteMode mode) {
  HWY_DYNAMIC_DISPATCH(gradient_row)(gradient, h, dz, mode == WriteMode::accumulate);
}

MapGradient image_gradient(const Conv2dParams& params, const Conv2dGradients& gradients,
                           const Shape& full, std::int64_t n) {
  MapGradient gradient{.height = full[1], .width = full[2], .channels = full[3]};
  const std::int64_t pixels = full[1] * full[2];
  gradient.dy = advanced(data_or_null<float>(gradients.dy), n * pixels * full[3]);
  gradient.relu_mask =
      advanced(data_or_null<std::uint8_t>(gradients.relu_mask), n * pixels * ceil_div(full[3], 8));
  if (const float* dpooled = data_or_null<float>(gradients.dpooled)) {
    gradient.pool.kind = params.pool;
    gradient.pooled_height = full[1] / 2;
    gradient.pooled_width = full[2] / 2;
    const std::int64_t first = n * gradient.pooled_height * gradient.pooled_width * full[3];
    gradient.dpooled = dpooled + first;
    gradient.winners = advanced(data_or_null<std::uint8_t>(gradients.pool_mask), first);
  }
  return gradient;
}

namespace {

// All rows of all images; image(n) describes one.
template <typename Image>
void write_gradient(Tensor& dx, WriteMode mode, const Image& image) {
  const Shape& shape = dx.shape();
  float* to = dx.data<float>();
  parallel_for(dx.device().threads(), shape[0] * shape[1], [&](std::int64_t row) {
    write_gradient_row(image(row / shape[1]), row % shape[1], to + row * shape[2] * shape[3], mode);
  });
}

}  // namespace

void relu_backward(const Tensor& dy, const Tensor& mask, Tensor& dx, WriteMode mode) {
  check_relu_backward(dy, mask, dx);
  write_gradient(dx, mode, [&](std::int64_t n) {
    return image_gradient({}, {.dy = &dy, .relu_mask = &mask}, dx.shape(), n);
  });
}

void pool2d_backward(const Pool2dParams& params, const Tensor& dy, const Tensor* mask, Tensor& dx,
                     WriteMode mode) {
  check_pool2d_backward(params, dy, mask, dx);
  const Shape& in = dx.shape();
  const Shape& out = dy.shape();
  const float* gradient = dy.data<float>();
  const auto* winners = data_or_null<std::uint8_t>(mask);
  write_gradient(dx, mode, [&](std::int64_t n) {
    const std::int64_t first = n * out[1] * out[2] * out[3];
    return MapGradient{.height = in[1],
                       .width = in[2],
                       .channels = in[3],
                       .pool = params,
                       .pooled_height = out[1],
                       .pooled_width = out[2],
                       .dpooled = gradient + first,
                       .winners = advanced(winners, first)};
  });
}

}  // namespace gramgrad::cpu
#endif
