// L-BFGS's two passes. Both go block by block: g and y, or the direction, stay in the first cache
// in f64 while all pairs stream by, so each pass reads every vector of the history once.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/lbfgs_passes.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/after_step_inl.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/lbfgs_passes.h"

#ifndef GRAMGRAD_KERNELS_CPU_LBFGS_BLOCK_
#define GRAMGRAD_KERNELS_CPU_LBFGS_BLOCK_
namespace gramgrad::cpu {
namespace {

// Elements: two blocks in f64 fill half of the smallest first caches.
constexpr std::size_t lbfgs_block = 1024;

}  // namespace
}  // namespace gramgrad::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

using Wide = hn::ScalableTag<double>;
using Single = hn::CappedTag<double, 1>;

// Floats as f64, as many as there are lanes.
template <typename D>
HWY_INLINE auto widened(D wide, const float* x) {
  return hn::PromoteTo(wide, hn::LoadU(hn::Rebind<float, D>(), x));
}

// body(tag of f64, i): whole vectors, then single elements.
template <typename Body>
HWY_INLINE void for_each_wide(std::size_t n, const Body& body) {
  const Wide wide;
  const Single single;
  std::size_t i = 0;
  for (; i + hn::Lanes(wide) <= n; i += hn::Lanes(wide)) {
    body(wide, i);
  }
  for (; i < n; ++i) {
    body(single, i);
  }
}

// The four sums with s[i] and y(d, i), d being a tag of f64. Two accumulators each hide the
// latency.
template <typename Y>
HWY_INLINE void add_dots(const double* g, const double* fresh_y, const float* s, const Y& y,
                         std::size_t n, double* dots) {
  const Wide d;
  const std::size_t lanes = hn::Lanes(d);
  auto a0 = hn::Zero(d), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, e0 = a0, e1 = a0;
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto s0 = widened(d, s + i);
    const auto s1 = widened(d, s + i + lanes);
    const auto y0 = y(d, i);
    const auto y1 = y(d, i + lanes);
    const auto f0 = hn::LoadU(d, fresh_y + i);
    const auto f1 = hn::LoadU(d, fresh_y + i + lanes);
    const auto g0 = hn::LoadU(d, g + i);
    const auto g1 = hn::LoadU(d, g + i + lanes);
    a0 = hn::MulAdd(f0, s0, a0);
    a1 = hn::MulAdd(f1, s1, a1);
    b0 = hn::MulAdd(f0, y0, b0);
    b1 = hn::MulAdd(f1, y1, b1);
    c0 = hn::MulAdd(g0, s0, c0);
    c1 = hn::MulAdd(g1, s1, c1);
    e0 = hn::MulAdd(g0, y0, e0);
    e1 = hn::MulAdd(g1, y1, e1);
  }
  dots[0] += hn::GetLane(hn::SumOfLanes(d, hn::Add(a0, a1)));
  dots[1] += hn::GetLane(hn::SumOfLanes(d, hn::Add(b0, b1)));
  dots[2] += hn::GetLane(hn::SumOfLanes(d, hn::Add(c0, c1)));
  dots[3] += hn::GetLane(hn::SumOfLanes(d, hn::Add(e0, e1)));
  const Single one;
  for (; i < n; ++i) {
    const double si = hn::GetLane(widened(one, s + i));
    const double yi = hn::GetLane(y(one, i));
    dots[0] += fresh_y[i] * si;
    dots[1] += fresh_y[i] * yi;
    dots[2] += g[i] * si;
    dots[3] += g[i] * yi;
  }
}

// Lanes of vectors come first, single elements after them.
class GradientSums {
 public:
  HWY_INLINE void add(const double* g, std::size_t n, LbfgsSums& sums) const {
    const Wide d;
    auto squares = hn::Zero(d), magnitudes = squares, largest = squares;
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
      const auto value = hn::LoadU(d, g + i);
      squares = hn::MulAdd(value, value, squares);
      magnitudes = hn::Add(magnitudes, hn::Abs(value));
      largest = hn::Max(largest, hn::Abs(value));
    }
    sums.gradient_norm2 += hn::GetLane(hn::SumOfLanes(d, squares));
    sums.gradient_norm1 += hn::GetLane(hn::SumOfLanes(d, magnitudes));
    sums.largest_gradient =
        std::max(sums.largest_gradient, hn::GetLane(hn::MaxOfLanes(d, largest)));
    for (; i < n; ++i) {
      sums.gradient_norm2 += g[i] * g[i];
      sums.gradient_norm1 += std::abs(g[i]);
      sums.largest_gradient = std::max(sums.largest_gradient, std::abs(g[i]));
    }
  }
};

double largest_of(const float* x, std::size_t n) {
  const hn::ScalableTag<float> d;
  auto largest = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    largest = hn::Max(largest, hn::Abs(hn::LoadU(d, x + i)));
  }
  float result = hn::GetLane(hn::MaxOfLanes(d, largest));
  for (; i < n; ++i) {
    result = std::max(result, std::abs(x[i]));
  }
  return static_cast<double>(result);
}

LbfgsSums dots_range(const float* g, const LbfgsLastStep& last, const std::vector<LbfgsPair>& pairs,
                     std::size_t size, double* dots) {
  HWY_ALIGN double wide_g[lbfgs_block];
  HWY_ALIGN double fresh_y[lbfgs_block] = {};
  LbfgsSums sums;
  for (std::size_t at = 0; at < size; at += lbfgs_block) {
    const std::size_t n = std::min(lbfgs_block, size - at);
    for_each_wide(n, [&](auto d, std::size_t i)
                         HWY_ATTR { hn::StoreU(widened(d, g + at + i), d, wide_g + i); });
    GradientSums().add(wide_g, n, sums);
    if (last.s != nullptr) {
      // The difference is rounded to f32: that is the y which will be stored.
      for_each_wide(n, [&](auto d, std::size_t i) HWY_ATTR {
        const hn::Rebind<float, decltype(d)> narrow;
        const auto y = hn::Sub(hn::LoadU(narrow, g + at + i), hn::LoadU(narrow, last.g + at + i));
        hn::StoreU(hn::PromoteTo(d, y), d, fresh_y + i);
      });
      sums.largest_step = std::max(sums.largest_step, largest_of(last.s + at, n));
    }
    double* to = dots;
    for (const LbfgsPair& pair : pairs) {
      add_dots(
          wide_g, fresh_y, pair.s + at,
          [&](auto d, std::size_t i) HWY_ATTR { return widened(d, pair.y + at + i); }, n, to);
      to += 4;
    }
    if (last.s != nullptr) {
      add_dots(
          wide_g, fresh_y, last.s + at,
          [&](auto d, std::size_t i) HWY_ATTR { return hn::LoadU(d, fresh_y + i); }, n, to);
    }
  }
  return sums;
}

void move_range(const float* g, double gradient_factor, const LbfgsStepSize& size,
                const std::vector<LbfgsPair>& pairs, const LbfgsTargets& to,
                const MovedPicture& picture, std::size_t count) {
  HWY_ALIGN double direction[lbfgs_block];
  for (std::size_t at = 0; at < count; at += lbfgs_block) {
    const std::size_t n = std::min(lbfgs_block, count - at);
    if (to.learnt_y != nullptr) {
      float* y = to.learnt_y + at;
      for_each_vector(0, n, [&](auto d, std::size_t i) HWY_ATTR {
        hn::StoreU(hn::Sub(hn::LoadU(d, g + at + i), hn::LoadU(d, y + i)), d, y + i);
      });
    }
    for_each_wide(n, [&](auto d, std::size_t i) HWY_ATTR {
      hn::StoreU(hn::Mul(hn::Set(d, gradient_factor), widened(d, g + at + i)), d, direction + i);
    });
    for (const LbfgsPair& pair : pairs) {
      for_each_wide(n, [&](auto d, std::size_t i) HWY_ATTR {
        auto sum = hn::LoadU(d, direction + i);
        sum = hn::MulAdd(hn::Set(d, pair.along_s), widened(d, pair.s + at + i), sum);
        sum = hn::MulAdd(hn::Set(d, pair.along_y), widened(d, pair.y + at + i), sum);
        hn::StoreU(sum, d, direction + i);
      });
    }
    for_each_wide(n, [&](auto d, std::size_t i) HWY_ATTR {
      const hn::Rebind<float, decltype(d)> narrow;
      const auto wanted = hn::Mul(hn::Set(d, size.length), hn::LoadU(d, direction + i));
      const auto within = hn::Min(hn::Max(wanted, hn::Set(d, -size.limit)), hn::Set(d, size.limit));
      const auto step = hn::DemoteTo(narrow, within);
      hn::StoreU(step, narrow, to.s + at + i);
      hn::StoreU(hn::LoadU(narrow, g + at + i), narrow, to.g + at + i);
      move_to(picture, narrow, hn::Add(hn::LoadU(narrow, picture.x + at + i), step), at + i);
    });
  }
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(dots_range);
HWY_EXPORT(move_range);

LbfgsSums lbfgs_dots(const float* g, const LbfgsLastStep& last, const std::vector<LbfgsPair>& pairs,
                     std::size_t n, double* dots) {
  return HWY_DYNAMIC_DISPATCH(dots_range)(g, last, pairs, n, dots);
}

void lbfgs_move(const float* g, double gradient_factor, const LbfgsStepSize& size,
                const std::vector<LbfgsPair>& pairs, const LbfgsTargets& to,
                const MovedPicture& picture, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(move_range)
  (g, gradient_factor, size, pairs, to, picture, n);
}

}  // namespace gramgrad::cpu
#endif
