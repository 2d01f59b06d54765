// Maximum and average pooling.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pooling.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/simd_inl.h"

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/pooling.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// visit(offset of the window's pixel k) for k = 1, 2, ...: all but the first.
template <typename Visit>
HWY_INLINE void for_rest_of_window(int window, std::size_t row_stride, std::size_t pixel_stride,
                                   const Visit& visit) {
  for (int k = 1; k < window * window; ++k) {
    visit(static_cast<std::size_t>(k / window) * row_stride +
          static_cast<std::size_t>(k % window) * pixel_stride);
  }
}

// One output pixel; x: the window's first pixel. The first of equal maxima wins, the first NaN
// before all.
void max_pixel(const float* x, int window, std::size_t row_stride, std::size_t channels, float* y,
               std::uint8_t* winners) {
  for_each_vector(0, channels, [=](auto d, std::size_t c) HWY_ATTR {
    const hn::Rebind<std::int32_t, decltype(d)> integers;
    const hn::Rebind<std::uint8_t, decltype(d)> bytes;
    auto best = hn::LoadU(d, x + c);
    auto winner = hn::Zero(integers);
    std::int32_t k = 0;
    for_rest_of_window(window, row_stride, channels, [&](std::size_t offset) HWY_ATTR {
      const auto value = hn::LoadU(d, x + offset + c);
      const auto keep = hn::Or(hn::Le(value, best), hn::IsNaN(best));
      best = hn::IfThenElse(keep, best, value);
      winner = hn::IfThenElse(hn::RebindMask(integers, keep), winner, hn::Set(integers, ++k));
    });
    hn::StoreU(best, d, y + c);
    if (winners != nullptr) {
      hn::StoreU(hn::DemoteTo(bytes, winner), bytes, winners + c);
    }
  });
}

void average_pixel(const float* x, int window, std::size_t row_stride, std::size_t channels,
                   float* y) {
  const float share = 1.0F / static_cast<float>(window * window);
  for_each_vector(0, channels, [=](auto d, std::size_t c) HWY_ATTR {
    auto sum = hn::LoadU(d, x + c);
    for_rest_of_window(window, row_stride, channels, [&](std::size_t offset) HWY_ATTR {
      sum = hn::Add(sum, hn::LoadU(d, x + offset + c));
    });
    hn::StoreU(hn::Mul(sum, hn::Set(d, share)), d, y + c);
  });
}

void pool_pixels(const Pool2dParams& params, const PoolRow& row) {
  const auto channels = static_cast<std::size_t>(row.channels);
  const auto row_stride = static_cast<std::size_t>(row.in_width) * channels;
  for (std::int64_t w = 0; w < row.out_width; ++w) {
    const float* x = row.x + w * params.stride * row.channels;
    float* y = row.y + w * row.channels;
    if (params.kind == PoolKind::max) {
      max_pixel(x, params.window, row_stride, channels, y, advanced(row.winners, w * row.channels));
    } else {
      average_pixel(x, params.window, row_stride, channels, y);
    }
  }
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(pool_pixels);

void pool_row(const Pool2dParams& params, const PoolRow& row) {
  HWY_DYNAMIC_DISPATCH(pool_pixels)(params, row);
}

void pool2d(const Pool2dParams& params, const Tensor& x, Tensor& y, Tensor* mask) {
  check_pool2d(params, x, y, mask);
  const Shape& in = x.shape();
  const Shape& out = y.shape();
  const float* from = x.data<float>();
  float* to = y.data<float>();
  auto* winners = data_or_null<std::uint8_t>(mask);
  const std::int64_t in_row = in[2] * in[3];
  const std::int64_t out_row = out[2] * out[3];
  parallel_for(x.device().threads(), out[0] * out[1], [&](std::int64_t row) {
    const std::int64_t first = row / out[1] * in[1] + row % out[1] * params.stride;
    pool_row(params, {.x = from + first * in_row,
                      .in_width = in[2],
                      .out_width = out[2],
                      .channels = out[3],
                      .y = to + row * out_row,
                      .winners = advanced(winners, row * out_row)});
  });
}

}  // namespace gramgrad::cpu
#endif
