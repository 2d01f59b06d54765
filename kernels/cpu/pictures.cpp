// Pictures: exchanging and scaling their channels.
#include <array>

#include "kernels/contract.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/parallel.h"

namespace gramgrad::cpu {
namespace {

using Pixel = std::array<float, 3>;

// to[pixel] = function(from[pixel]), or += it.
template <typename Function>
void for_each_pixel(const Tensor& x, Tensor& y, WriteMode mode, const Function& function) {
  const float* from = x.data<float>();
  float* to = y.data<float>();
  const float keep = mode == WriteMode::accumulate ? 1.0F : 0.0F;
  parallel_ranges(x.device().threads(), x.size() / 3, elements_per_task,
                  [=](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = 3 * begin; i < 3 * end; i += 3) {
                      const Pixel value = function(Pixel{from[i], from[i + 1], from[i + 2]});
                      for (std::size_t c = 0; c < 3; ++c) {
                        float& out = to[i + static_cast<std::int64_t>(c)];
                        out = keep != 0 ? out + value[c] : value[c];
                      }
                    }
                  });
}

struct Affine {
  explicit Affine(const ChannelAffineParams& params) {
    for (std::size_t c = 0; c < 3; ++c) {
      source[c] = static_cast<std::size_t>(params.source[c]);
      scale[c] = static_cast<float>(params.scale[c]);
      shift[c] = static_cast<float>(params.shift[c]);
    }
  }
  std::array<std::size_t, 3> source;
  Pixel scale, shift;
};

}  // namespace

void channel_affine(const ChannelAffineParams& params, const Tensor& x, Tensor& y) {
  check_channel_affine(params, x, y);
  for_each_pixel(x, y, WriteMode::assign, [a = Affine(params)](const Pixel& in) {
    Pixel out;
    for (std::size_t c = 0; c < 3; ++c) {
      out[c] = in[a.source[c]] * a.scale[c] + a.shift[c];
    }
    return out;
  });
}

void channel_affine_backward(const ChannelAffineParams& params, const Tensor& dy, Tensor& dx,
                             WriteMode mode) {
  check_channel_affine_backward(params, dy, dx);
  for_each_pixel(dy, dx, mode, [a = Affine(params)](const Pixel& in) {
    Pixel out{};
    for (std::size_t c = 0; c < 3; ++c) {
      out[a.source[c]] += in[c] * a.scale[c];
    }
    return out;
  });
}

}  // namespace gramgrad::cpu
