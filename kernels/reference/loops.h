// Loops that the reference operators share. None lets the number of threads change a result: an
// output element is always computed by one thread, in one order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/ops.h"
#include "kernels/optional_data.h"

namespace gramgrad::reference {

using Index = std::int64_t;

// Calls function(T{}) with the element type of x, f32 or f64.
template <typename Function>
void with_type(const Tensor& x, Function function) {
  if (x.dtype() == DType::f32) {
    function(float{});
  } else {
    function(double{});
  }
}

// function(i) for i in [0, count), on all threads where the work (`cost` operations for each i) is
// worth waking them.
template <typename Function>
void parallel_for(Index count, Index cost, Function function) {
  [[maybe_unused]] const bool worth_it = count * cost > 50'000;
#pragma omp parallel for schedule(static) if (worth_it)
  for (Index i = 0; i < count; ++i) {
    function(i);
  }
}

template <typename T>
void store(T& to, double value, WriteMode mode) {
  to = static_cast<T>(mode == WriteMode::assign ? value : static_cast<double>(to) + value);
}

// sum_i a[i] b[i]
template <typename A, typename B>
double dot_product(const A* a, const B* b, Index count) {
  double result = 0;
#pragma omp simd reduction(+ : result)
  for (Index i = 0; i < count; ++i) {
    result += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return result;
}

// y[i] += a x[i]
template <typename T>
void add_scaled(double a, const T* x, double* y, Index count) {
#pragma omp simd
  for (Index i = 0; i < count; ++i) {
    y[i] += a * static_cast<double>(x[i]);
  }
}

// sum of term(i), i in [begin, end), by halves: the error grows with the logarithm of the count.
template <typename Term>
double pairwise_sum(Index begin, Index end, const Term& term) {
  if (end - begin <= 128) {
    double result = 0;
    for (Index i = begin; i < end; ++i) {
      result += term(i);
    }
    return result;
  }
  const Index middle = begin + (end - begin) / 2;
  return pairwise_sum(begin, middle, term) + pairwise_sum(middle, end, term);
}

// sum of term(i), i in [0, count): chunks of a fixed size in parallel, then their sums.
template <typename Term>
double parallel_sum(Index count, const Term& term) {
  constexpr Index chunk = 8192;
  const Index chunks = (count + chunk - 1) / chunk;
  std::vector<double> partial(static_cast<std::size_t>(chunks));
  parallel_for(chunks, chunk, [&](Index c) {
    partial[static_cast<std::size_t>(c)] =
        pairwise_sum(c * chunk, std::min(count, (c + 1) * chunk), term);
  });
  return pairwise_sum(0, chunks, [&](Index c) { return partial[static_cast<std::size_t>(c)]; });
}

// A buffer of doubles, zero.
inline std::vector<double> zeros(Index count) {
  return std::vector<double>(static_cast<std::size_t>(count));
}

template <typename T>
void store_all(const std::vector<double>& values, T* to, WriteMode mode) {
  parallel_for(static_cast<Index>(values.size()), 1,
               [&](Index i) { store(to[i], values[static_cast<std::size_t>(i)], mode); });
}

}  // namespace gramgrad::reference
