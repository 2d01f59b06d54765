// Multiply-adds that depend on nothing but registers, on the processor's best instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/fma_peak.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/simd_inl.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::bench::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Returns the operations that it did. Twelve sums hide a latency of four to six cycles.
double multiply_add(int rounds, float* result) {
  const hn::ScalableTag<float> d;
  constexpr int sums = 12;
  hn::Vec<decltype(d)> sum[sums];
#pragma GCC unroll 12
  for (int i = 0; i < sums; ++i) {
    sum[i] = hn::Set(d, static_cast<float>(i));
  }
  const auto factor = hn::Set(d, *result);
  for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < sums; ++i) {
      sum[i] = hn::MulAdd(sum[i], factor, factor);
    }
  }
#pragma GCC unroll 12
  for (int i = 1; i < sums; ++i) {
    sum[0] = hn::Add(sum[0], sum[i]);
  }
  *result = hn::GetLane(sum[0]);
  return 2.0 * sums * rounds * static_cast<double>(hn::Lanes(d));
}

}  // namespace
}  // namespace gramgrad::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::bench {

HWY_EXPORT(multiply_add);

double fma_peak(int threads) {
  constexpr int runs = 20;
  constexpr int rounds = 1 << 20;
  double best = 0;
  for (int run = 0; run < runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<double> operations(static_cast<std::size_t>(threads));
    cpu::parallel_for(threads, threads, [&](std::int64_t thread) {
      volatile float start_value = 0.5F;
      float value = start_value;
      operations[static_cast<std::size_t>(thread)] =
          HWY_DYNAMIC_DISPATCH(multiply_add)(rounds, &value);
      start_value = value;
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    double sum = 0;
    for (const double each : operations) {
      sum += each;
    }
    best = std::max(best, sum / seconds.count());
  }
  return best;
}

}  // namespace gramgrad::bench
#endif
