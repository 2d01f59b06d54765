// The micro-kernels: a tile of the result stays in registers while the inner dimension passes by.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/panels.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bf16_inl.h"
#include "kernels/cpu/panel_width_inl.h"

#include <algorithm>
#include <bit>

#include "kernels/cpu/panels.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;
// 8 x 2 of 32 registers with AVX-512, 4 x 2 of 16 without: enough sums to hide their latency. It
// must divide the width, which is 2 without vectors.
constexpr int tile = lanes == 16 ? 8 : lanes == 1 ? 2 : 4;
static_assert(width % tile == 0);

std::int64_t tile_rows_here() {
  return tile;
}

// Vectors of the factors, and what the micro-kernel does with them.
using Pairs = hn::Vec<hn::Rebind<std::uint32_t, Tag>>;
HWY_INLINE V load(const float* b) {
  return hn::Load(Tag(), b);
}
HWY_INLINE Pairs load(const Bf16Pair* b) {
  return hn::Load(hn::Rebind<std::uint32_t, Tag>(), reinterpret_cast<const std::uint32_t*>(b));
}
HWY_INLINE V broadcast(float a) {
  return hn::Set(Tag(), a);
}
HWY_INLINE Pairs broadcast(Bf16Pair a) {
  return hn::Set(hn::Rebind<std::uint32_t, Tag>(), std::bit_cast<std::uint32_t>(a));
}
HWY_INLINE V add_products(V a, V b, V sum) {
  return hn::MulAdd(a, b, sum);
}
HWY_INLINE V add_products(Pairs a, Pairs b, V sum) {
  return add_pair_products(Tag(), a, b, sum);
}

// Memory that is brought into the second-level cache meanwhile, `step` bytes with each k.
template <class T>
struct Ahead {
  PanelPieces<T> pieces;
  std::int64_t first = 0;  // byte that comes with k = 0
  std::int64_t step = 0;

  const char* at(std::int64_t k) const {
    constexpr auto piece_bytes = static_cast<std::int64_t>(sizeof(T)) * width * width;
    const std::int64_t byte = first + k * step;
    return reinterpret_cast<const char*>(pieces.memory + byte / piece_bytes * pieces.stride) +
           byte % piece_bytes;
  }
};

// The operands of a tile of a product: sum_k a[r * row_stride + k * k_stride] b[k][c].
template <class T>
struct Factors {
  const T* a;
  std::int64_t row_stride, k_stride;
  const T* b;
  std::int64_t count;
  Ahead<T> ahead;
  const T* next_a = nullptr;  // of the next tile, where it is to be brought meanwhile
};

// Brings up to `width` elements into the first-level cache, to be read or written.
template <int write, class T>
HWY_INLINE void bring(const T* elements, std::int64_t count) {
  constexpr std::int64_t line = 64 / sizeof(T);
  for (std::int64_t i = 0; i < count; i += line) {
    __builtin_prefetch(elements + i, write, 3);
  }
}

// finish(r, left, right) with the two vectors of each row of a tile. Every loop over rows is
// unrolled by command: only then do the sums live in registers.
template <int rows, class T, typename Finish>
HWY_INLINE void multiply_tile(const Factors<T>& factors, const Finish& finish) {
  const Tag d;
  const T* HWY_RESTRICT a = factors.a;
  const T* HWY_RESTRICT b = factors.b;
  V left[rows];
  V right[rows];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    left[r] = hn::Zero(d);
    right[r] = hn::Zero(d);
  }
  for (std::int64_t begin = 0; begin < factors.count; begin += width) {
    const char* ahead = factors.ahead.at(begin);
    const std::int64_t end = std::min(begin + width, factors.count);
    if (factors.next_a != nullptr) {
#pragma GCC unroll 8
      for (int r = 0; r < rows; ++r) {
        bring<0>(factors.next_a + r * factors.row_stride + begin, end - begin);
      }
    }
    for (std::int64_t k = begin; k < end; ++k) {
      __builtin_prefetch(ahead, 0, 2);
      ahead += factors.ahead.step;
      const auto b_left = load(b + k * width);
      const auto b_right = load(b + k * width + lanes);
#pragma GCC unroll 8
      for (int r = 0; r < rows; ++r) {
        const auto factor = broadcast(a[r * factors.row_stride + k * factors.k_stride]);
        left[r] = add_products(factor, b_left, left[r]);
        right[r] = add_products(factor, b_right, right[r]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    finish(r, left[r], right[r]);
  }
}

// sums[0..lanes) += values
HWY_INLINE void add_in_f64(V values, double* sums) {
  HWY_ALIGN float stored[lanes];
  hn::Store(values, Tag(), stored);
  for (std::int64_t i = 0; i < lanes; ++i) {
    sums[i] += static_cast<double>(stored[i]);
  }
}

void add_transposed(const float* a, const float* b, std::int64_t count, double* sums,
                    std::int64_t sums_stride) {
  const Factors<float> factors{.a = a,
                               .row_stride = 1,
                               .k_stride = width,
                               .b = b,
                               .count = count,
                               .ahead = {.pieces = {.memory = b}}};
  multiply_tile<tile>(factors, [=](int r, V left, V right) HWY_ATTR {
    add_in_f64(left, sums + r * sums_stride);
    add_in_f64(right, sums + r * sums_stride + lanes);
  });
}

HWY_INLINE void store_row(V left, V right, float* y, std::int64_t columns, bool accumulate) {
  const Tag d;
  if (columns == width) {
    hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, y), left) : left, d, y);
    hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, y + lanes), right) : right, d, y + lanes);
    return;
  }
  HWY_ALIGN float stored[width];
  hn::Store(left, d, stored);
  hn::Store(right, d, stored + lanes);
  for (std::int64_t c = 0; c < columns; ++c) {
    y[c] = accumulate ? y[c] + stored[c] : stored[c];
  }
}

template <int rows, class T>
HWY_INLINE void multiply_rows_of_tile(const RowProduct<T>& m, std::int64_t first,
                                      const Ahead<T>& ahead) {
  const T* a = m.x + first * m.x_stride;
  const bool another = first + 2 * rows <= m.rows;
  const Factors<T> factors{.a = a,
                           .row_stride = m.x_stride,
                           .k_stride = 1,
                           .b = m.b,
                           .count = m.inner,
                           .ahead = ahead,
                           .next_a = m.far_x && another ? a + rows * m.x_stride : nullptr};
  if (m.far_y) {
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      bring<1>(m.y + (first + r) * m.y_stride, m.columns);
    }
  }
  multiply_tile<rows>(factors, [&](int r, V left, V right) HWY_ATTR {
    store_row(left, right, m.y + (first + r) * m.y_stride, m.columns, m.accumulate);
  });
}

// The rows that are left over, in tiles of half the size, and so on.
template <int rows, class T>
HWY_INLINE void multiply_rest(const RowProduct<T>& m, std::int64_t first) {
  if constexpr (rows > 0) {
    if (first + rows <= m.rows) {
      multiply_rows_of_tile<rows>(m, first, {.pieces = {.memory = m.b}});
      first += rows;
    }
    multiply_rest<rows / 2>(m, first);
  }
}

// Each tile of rows brings its share of the next panel.
template <class T>
HWY_INLINE void multiply(const RowProduct<T>& m) {
  constexpr auto panel_row_bytes = static_cast<std::int64_t>(width * sizeof(T));
  const std::int64_t whole_tiles = m.rows / tile;
  const std::int64_t step =
      std::max<std::int64_t>(1, panel_row_bytes / std::max<std::int64_t>(1, whole_tiles));
  for (std::int64_t i = 0; i < whole_tiles; ++i) {
    Ahead<T> ahead{.pieces = {.memory = m.b}};
    if (m.next.memory != nullptr && (i + 1) * step <= panel_row_bytes) {
      ahead = {.pieces = m.next, .first = i * step * m.inner, .step = step};
    }
    multiply_rows_of_tile<tile>(m, i * tile, ahead);
  }
  multiply_rest<tile / 2>(m, whole_tiles * tile);
}

void multiply_floats(const RowProduct<float>& m) {
  multiply(m);
}
void multiply_pairs(const RowProduct<Bf16Pair>& m) {
  multiply(m);
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(tile_rows_here);
HWY_EXPORT(add_transposed);
HWY_EXPORT(multiply_floats);
HWY_EXPORT(multiply_pairs);

std::int64_t tile_rows() {
  return HWY_DYNAMIC_DISPATCH(tile_rows_here)();
}
void add_transposed_product(const float* a, const float* b, std::int64_t count, double* sums,
                            std::int64_t sums_stride) {
  HWY_DYNAMIC_DISPATCH(add_transposed)(a, b, count, sums, sums_stride);
}
void multiply_rows(const RowProduct<float>& product) {
  HWY_DYNAMIC_DISPATCH(multiply_floats)(product);
}
void multiply_rows(const RowProduct<Bf16Pair>& product) {
  HWY_DYNAMIC_DISPATCH(multiply_pairs)(product);
}

bool multiplies_bf16() {
#if HWY_ARCH_X86
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace gramgrad::cpu
#endif
