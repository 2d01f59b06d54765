// ReLU, and its bit mask.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/relu.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bits_inl.h"
#include "kernels/cpu/relu_inl.h"

#include <cstdint>

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/relu.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

void relu_range(const float* x, float* y, std::size_t n) {
  for_each_vector(0, n, [=](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(rectified(d, hn::LoadU(d, x + i)), d, y + i);
  });
}

void relu_and_mask_range(const float* x, float* y, std::size_t n, std::uint8_t* bits) {
  for_each_vector(0, n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    store_bits(d, hn::Gt(v, hn::Zero(d)), bits, i);
    hn::StoreU(rectified(d, v), d, y + i);
  });
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(relu_range);
HWY_EXPORT(relu_and_mask_range);

void write_relu(const float* x, float* y, std::int64_t pixels, std::int64_t channels,
                std::uint8_t* bits) {
  if (bits == nullptr) {
    HWY_DYNAMIC_DISPATCH(relu_range)(x, y, static_cast<std::size_t>(pixels * channels));
    return;
  }
  if (channels % 8 == 0) {  // no padding bits: one long row
    channels *= pixels;
    pixels = 1;
  }
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    const std::int64_t first = pixel * channels;
    HWY_DYNAMIC_DISPATCH(relu_and_mask_range)
    (x + first, y + first, static_cast<std::size_t>(channels),
     bits + pixel * ceil_div(channels, 8));
  }
}

void relu(const Tensor& x, Tensor& y, Tensor* mask) {
  check_relu(x, y, mask);
  const std::int64_t channels = x.shape()[3];
  const std::int64_t pixels = x.shape()[0] * x.shape()[1] * x.shape()[2];
  const float* from = x.data<float>();
  float* to = y.data<float>();
  auto* bits = data_or_null<std::uint8_t>(mask);
  const std::int64_t pixels_per_task =
      std::max<std::int64_t>(1, elements_per_task / std::max<std::int64_t>(1, channels));
  parallel_ranges(x.device().threads(), pixels, pixels_per_task,
                  [&](std::int64_t begin, std::int64_t end) {
                    write_relu(from + begin * channels, to + begin * channels, end - begin,
                               channels, advanced(bits, begin * ceil_div(channels, 8)));
                  });
}

}  // namespace gramgrad::cpu
#endif
