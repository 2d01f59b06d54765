// Mean and standard deviation of every channel of each picture, in one pass over memory: pixels are
// cut into chunks, and the chunks' means and squared distances from them are put together (Chan,
// Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances",
// 1979):
//   mean = sum n_b mean_b / M,   M variance = sum squares_b + n_b (mean_b - mean)^2
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/channel_statistics.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/simd_inl.h"

#include <algorithm>
#include <cmath>

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// body(f64 tag, f32 tag, c) for channels c in [0, channels), a vector or one at a time.
template <typename Body>
HWY_INLINE void for_each_channel(std::size_t channels, const Body& body) {
  const hn::ScalableTag<double> wide;
  const hn::CappedTag<double, 1> one;
  std::size_t c = 0;
  for (; c + hn::Lanes(wide) <= channels; c += hn::Lanes(wide)) {
    body(wide, hn::Rebind<float, decltype(wide)>(), c);
  }
  for (; c < channels; ++c) {
    body(one, hn::Rebind<float, decltype(one)>(), c);
  }
}

// Of n pixels x [n, channels]: means, and sums of squared distances from them.
//
// With d = x - x_0 and s = sum d: mean = x_0 + s/n, squares = sum d^2 - s^2/n. Because x_0 is one
// of the pixels, squares >= (mean - x_0)^2, so sum d^2 <= (n + 1) squares: the difference costs at
// most log2(n + 1) of f64's 53 bits.
void moments_of_chunk(const float* x, std::size_t n, std::size_t channels, double* means,
                      double* squares) {
  std::fill(means, means + channels, 0.0);
  std::fill(squares, squares + channels, 0.0);
  for (std::size_t p = 1; p < n; ++p) {
    const float* pixel = x + p * channels;
    for_each_channel(channels, [=](auto wide, auto narrow, std::size_t c) HWY_ATTR {
      const auto d = hn::Sub(hn::PromoteTo(wide, hn::LoadU(narrow, pixel + c)),
                             hn::PromoteTo(wide, hn::LoadU(narrow, x + c)));
      hn::StoreU(hn::Add(hn::LoadU(wide, means + c), d), wide, means + c);
      hn::StoreU(hn::MulAdd(d, d, hn::LoadU(wide, squares + c)), wide, squares + c);
    });
  }
  const double share = 1 / static_cast<double>(n);
  for (std::size_t c = 0; c < channels; ++c) {
    const double sum = means[c];
    means[c] = static_cast<double>(x[c]) + share * sum;
    squares[c] -= share * sum * sum;
  }
}

// dx (+)= base + slope (x - mean) for n pixels; base, slope and mean [channels].
void gradient_of_pixels(const float* x, const float* mean, const float* base, const float* slope,
                        std::size_t n, std::size_t channels, bool accumulate, float* dx) {
  for (std::size_t p = 0; p < n; ++p) {
    const float* pixel = x + p * channels;
    float* to = dx + p * channels;
    for_each_vector(0, channels, [=](auto d, std::size_t c) HWY_ATTR {
      const auto distance = hn::Sub(hn::LoadU(d, pixel + c), hn::LoadU(d, mean + c));
      auto value = hn::MulAdd(hn::LoadU(d, slope + c), distance, hn::LoadU(d, base + c));
      value = accumulate ? hn::Add(value, hn::LoadU(d, to + c)) : value;
      hn::StoreU(value, d, to + c);
    });
  }
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(moments_of_chunk);
HWY_EXPORT(gradient_of_pixels);

namespace {

// The pixels of each picture of x [N,H,W,C] in chunks: enough of them that what a chunk leaves
// behind is little beside it. No chunk lies in two pictures.
struct Chunks {
  explicit Chunks(const Tensor& x)
      : pixels(x.shape()[1] * x.shape()[2]),
        channels(x.shape()[3]),
        length(std::max<std::int64_t>(64, elements_per_task / std::max<std::int64_t>(1, channels))),
        of_a_picture(ceil_div(pixels, length)),
        count(x.shape()[0] * of_a_picture) {}

  std::int64_t picture(std::int64_t chunk) const { return chunk / of_a_picture; }
  // Elements of x before the chunk.
  std::int64_t offset(std::int64_t chunk) const {
    return (picture(chunk) * pixels + chunk % of_a_picture * length) * channels;
  }
  std::int64_t pixels_of(std::int64_t chunk) const {
    return std::min(length, pixels - chunk % of_a_picture * length);
  }

  std::int64_t pixels, channels;
  std::int64_t length, of_a_picture, count;
};

struct MeanAndVariance {
  double mean, variance;
};

// Of channel c of a picture; means and squares [chunks, C].
MeanAndVariance combined(const Chunks& chunks, std::int64_t picture, std::int64_t c,
                         const double* means, const double* squares) {
  const auto sum_over_chunks = [&](const auto& term) {
    double sum = 0;
    for (std::int64_t i = 0; i < chunks.of_a_picture; ++i) {
      const std::int64_t chunk = picture * chunks.of_a_picture + i;
      sum += term(static_cast<double>(chunks.pixels_of(chunk)), chunk * chunks.channels + c);
    }
    return sum / static_cast<double>(chunks.pixels);
  };
  const double mean =
      sum_over_chunks([&](double count, std::int64_t at) { return count * means[at]; });
  const double variance = sum_over_chunks([&](double count, std::int64_t at) {
    const double distance = means[at] - mean;
    return squares[at] + count * distance * distance;
  });
  return {mean, variance};
}

}  // namespace

void channel_statistics(double epsilon, const Tensor& x, Tensor& mean, Tensor& deviation) {
  check_channel_statistics(epsilon, x, mean, deviation);
  const Chunks chunks(x);
  const Scratch<double> means(x.device(), chunks.count * chunks.channels);
  const Scratch<double> squares(x.device(), chunks.count * chunks.channels);
  const int threads = x.device().threads();
  parallel_for(threads, chunks.count, [&](std::int64_t chunk) {
    const std::int64_t first = chunk * chunks.channels;
    HWY_DYNAMIC_DISPATCH(moments_of_chunk)
    (x.data<float>() + chunks.offset(chunk), static_cast<std::size_t>(chunks.pixels_of(chunk)),
     static_cast<std::size_t>(chunks.channels), means.data() + first, squares.data() + first);
  });
  constexpr std::int64_t grain = 16;
  parallel_ranges(threads, mean.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const MeanAndVariance of =
          combined(chunks, i / chunks.channels, i % chunks.channels, means.data(), squares.data());
      mean.data<float>()[i] = static_cast<float>(of.mean);
      deviation.data<float>()[i] = static_cast<float>(std::sqrt(of.variance + epsilon));
    }
  });
}

void channel_statistics_backward(const ChannelStatisticsGradients& gradients, const Tensor& x,
                                 const Tensor& mean, const Tensor& deviation, Tensor& dx,
                                 WriteMode mode) {
  check_channel_statistics_backward(gradients, x, mean, deviation, dx);
  const Chunks chunks(x);
  const float* dmean = data_or_null<float>(gradients.dmean);
  const float* ddeviation = data_or_null<float>(gradients.ddeviation);
  const Scratch<float> base(x.device(), mean.size());
  const Scratch<float> slope(x.device(), mean.size());
  const float share = 1 / static_cast<float>(chunks.pixels);
  for (std::int64_t i = 0; i < mean.size(); ++i) {
    const float spread = deviation.data<float>()[i];
    base[i] = dmean != nullptr ? share * dmean[i] : 0;
    slope[i] = ddeviation != nullptr && spread != 0 ? share * ddeviation[i] / spread : 0;
  }
  parallel_for(x.device().threads(), chunks.count, [&](std::int64_t chunk) {
    const std::int64_t first = chunks.offset(chunk);
    const std::int64_t at = chunks.picture(chunk) * chunks.channels;
    HWY_DYNAMIC_DISPATCH(gradient_of_pixels)
    (x.data<float>() + first, mean.data<float>() + at, base.data() + at, slope.data() + at,
     static_cast<std::size_t>(chunks.pixels_of(chunk)), static_cast<std::size_t>(chunks.channels),
     mode == WriteMode::accumulate, dx.data<float>() + first);
  });
}

}  // namespace gramgrad::cpu
#endif
