// U = G g G^T in f64, rounded to f32, and that to bf16 where it is wanted.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd/weights.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/simd_inl.h"

#include <algorithm>
#include <type_traits>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/winograd/points.h"
#include "kernels/cpu/winograd/weights.h"

#ifndef GRAMGRAD_KERNELS_CPU_WINOGRAD_FILTERS_
#define GRAMGRAD_KERNELS_CPU_WINOGRAD_FILTERS_
namespace gramgrad::cpu {
namespace {

// The filters of some output channels, and where they go: numbers of type T, float or Bf16.
template <typename T>
struct FilterBlock {
  winograd::TileShape tile;
  const float* w;  // [O, 3, 3, I]
  std::int64_t inputs;
  std::int64_t first_output, last_output;
  WeightOrientation orientation;
  T* u;
  std::int64_t matrix_size;  // numbers in one of the matrices of u
  std::int64_t rows, width;  // of a panel; of bf16 numbers, an even number of rows

  static constexpr std::int64_t together = std::is_same_v<T, Bf16> ? 2 : 1;  // rows of an element

  // Where a matrix has a number.
  std::int64_t offset(std::int64_t row, std::int64_t column) const {
    return column / width * rows * width + row / together * together * width +
           column % width * together + row % together;
  }
};

}  // namespace
}  // namespace gramgrad::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// u = G g G^T
template <class D, std::size_t rows, std::size_t columns, class V = hn::Vec<D>>
HWY_INLINE void transform_filter(D d, const V (&g)[3][3], V (&u)[rows][columns]) {
  using Down = winograd::Points<rows - winograd::halo>;
  using Across = winograd::Points<columns - winograd::halo>;
  const auto row = [d](const double(&coefficients)[3], V x, V y, V z) HWY_ATTR {
    const auto first = hn::Mul(hn::Set(d, coefficients[0]), x);
    const auto second = hn::MulAdd(hn::Set(d, coefficients[1]), y, first);
    return hn::MulAdd(hn::Set(d, coefficients[2]), z, second);
  };
  for (std::size_t i = 0; i < rows; ++i) {
    V half[3];
    for (int s = 0; s < 3; ++s) {
      half[s] = row(Down::filter_matrix[i], g[0][s], g[1][s], g[2][s]);
    }
    for (std::size_t j = 0; j < columns; ++j) {
      u[i][j] = row(Across::filter_matrix[j], half[0], half[1], half[2]);
    }
  }
}

// Filters from the inputs i, i+1, ... to output o.
template <winograd::TileShape tile, class D, typename T>
HWY_INLINE void pack_filters(D d, const FilterBlock<T>& block, std::int64_t o, std::int64_t i) {
  const hn::Rebind<float, D> floats;
  const bool plain = block.orientation == WeightOrientation::plain;
  hn::Vec<D> g[3][3];
  for (int r = 0; r < 3; ++r) {
    for (int s = 0; s < 3; ++s) {
      const int tap = plain ? 3 * r + s : 8 - (3 * r + s);
      g[r][s] = hn::PromoteTo(d, hn::LoadU(floats, block.w + (o * 9 + tap) * block.inputs + i));
    }
  }
  hn::Vec<D> u[tile.input_height()][tile.input_width()];
  transform_filter(d, g, u);
  T* to = block.u + (plain ? block.offset(i, o) : block.offset(o, i));
  std::int64_t offsets[hn::MaxLanes(D())];  // of the lanes
  for (std::int64_t lane = 0; lane < static_cast<std::int64_t>(hn::Lanes(d)); ++lane) {
    offsets[lane] = block.u + (plain ? block.offset(i + lane, o) : block.offset(o, i + lane)) - to;
  }
  for (const auto& products : u) {
    for (const auto& product : products) {
      HWY_ALIGN float stored[hn::MaxLanes(D())];
      hn::StoreU(hn::DemoteTo(floats, product), floats, stored);
      for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        to[offsets[lane]] = rounded_to<T>(stored[lane]);
      }
      to += block.matrix_size;
    }
  }
}

template <winograd::TileShape tile, typename T>
HWY_INLINE void pack_block(const FilterBlock<T>& block) {
  const hn::ScalableTag<double> vector;
  const hn::CappedTag<double, 1> single;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(vector));
  for (std::int64_t i = 0; i < block.inputs;) {
    const bool whole = i + lanes <= block.inputs;
    for (std::int64_t o = block.first_output; o < block.last_output; ++o) {
      if (whole) {
        pack_filters<tile>(vector, block, o, i);
      } else {
        pack_filters<tile>(single, block, o, i);
      }
    }
    i += whole ? lanes : 1;
  }
}

void pack_in_f32(const FilterBlock<float>& block) {
  if (block.tile == winograd::large_tile) {
    pack_block<winograd::large_tile>(block);
  } else {
    pack_block<winograd::wide_tile>(block);
  }
}
void pack_in_bf16(const FilterBlock<Bf16>& block) {
  pack_block<winograd::small_tile>(block);
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(pack_in_f32);
HWY_EXPORT(pack_in_bf16);

namespace {

constexpr std::int64_t large_bytes = 4 << 20;
constexpr std::int64_t element_bytes = 4;

std::int64_t elements_for(std::int64_t numbers, DType dtype) {
  return dtype == DType::bf16 ? ceil_div(numbers, 2) : numbers;
}

std::int64_t packed_bytes(const Shape& w, DType dtype, const winograd::TileShape& tile) {
  return tile.products() * elements_for(w[3], dtype) * ceil_div(w[0], panel_width()) *
         panel_width() * element_bytes;
}

void pack(const FilterBlock<float>& block) {
  HWY_DYNAMIC_DISPATCH(pack_in_f32)(block);
}
void pack(const FilterBlock<Bf16>& block) {
  HWY_DYNAMIC_DISPATCH(pack_in_bf16)(block);
}

template <typename T>
void transform(int threads, const float* w, const Shape& shape, const WinogradWeights& weights,
               T* u) {
  const bool plain = weights.packed == WeightOrientation::plain;
  const std::int64_t rows = shape[plain ? 3 : 0];
  const std::int64_t columns = shape[plain ? 0 : 3];
  const std::int64_t width = panel_width();
  constexpr std::int64_t together = FilterBlock<T>::together;
  const std::int64_t panel_rows = ceil_div(rows, together) * together;
  const std::int64_t matrix_size = ceil_div(columns, width) * panel_rows * width;
  if (columns % width != 0 || rows != panel_rows) {
    std::fill_n(u, weights.products() * matrix_size, T{});
  }
  parallel_ranges(threads, shape[0], width, [&](std::int64_t begin, std::int64_t end) {
    pack(FilterBlock<T>{.tile = weights.tile_shape,
                        .w = w,
                        .inputs = shape[3],
                        .first_output = begin,
                        .last_output = end,
                        .orientation = weights.packed,
                        .u = u,
                        .matrix_size = matrix_size,
                        .rows = panel_rows,
                        .width = width});
  });
}

}  // namespace

WinogradWeights::WinogradWeights(const Shape& w, WeightOrientation orientation, DType type,
                                 const Shape& map, std::int64_t padding)
    : from(orientation == WeightOrientation::plain ? w[3] : w[0]),
      to(orientation == WeightOrientation::plain ? w[0] : w[3]),
      dtype(type),
      tile_shape(winograd::tile_for({.factors = type,
                                     .channels = std::max(w[0], w[3]),
                                     .side = std::min(map[1], map[2]),
                                     .padding = padding})),
      large(packed_bytes(w, type, tile_shape) > large_bytes),
      packed(large && type == DType::f32 ? WeightOrientation::plain : orientation),
      transposes_(packed != orientation),
      width_(panel_width()),
      panels_(ceil_div(to, width_)),
      packed_panels_(ceil_div(transposes_ ? from : to, width_)) {}

std::int64_t WinogradWeights::inner() const {
  return elements_for(from, dtype);
}

std::int64_t WinogradWeights::elements() const {
  return products() * packed_panels_ * packed_rows() * width_;
}

std::int64_t WinogradWeights::panel_memory() const {
  return transposes_ ? most_panels() * packed_panels_ * width_ * width_ : 0;
}

std::int64_t WinogradWeights::packed_panel(std::int64_t product, std::int64_t panel) const {
  const std::int64_t matrix = transposes_ ? winograd::turned(tile_shape, product) : product;
  return (matrix * packed_panels_ + panel) * packed_rows() * width_;
}

template <typename T>
const T* WinogradWeights::some_panels(const T* u, std::int64_t product, PanelRange range,
                                      T* memory) const {
  if constexpr (std::is_same_v<T, float>) {
    if (transposes_) {
      // In this order: each may write zeros behind its end.
      for (std::int64_t panel = range.begin; panel < range.end; ++panel) {
        transpose_panel(u + packed_panel(product, 0), packed_rows(), from, panel,
                        memory + (panel - range.begin) * from * width_);
      }
      return memory;
    }
  }
  return u + packed_panel(product, range.begin);
}

template <typename T>
PanelPieces<T> WinogradWeights::pieces_of(const T* u, std::int64_t product,
                                          std::int64_t panel) const {
  if (product >= products()) {
    return {};
  }
  return transposes_
             ? PanelPieces<T>{.memory = u + packed_panel(product, 0) + panel * width_ * width_,
                              .rows = width_,
                              .stride = packed_rows() * width_}
             : PanelPieces<T>{.memory = u + packed_panel(product, panel), .rows = inner()};
}

template const float* WinogradWeights::some_panels(const float*, std::int64_t, PanelRange,
                                                   float*) const;
template const Bf16Pair* WinogradWeights::some_panels(const Bf16Pair*, std::int64_t, PanelRange,
                                                      Bf16Pair*) const;
template PanelPieces<float> WinogradWeights::pieces_of(const float*, std::int64_t,
                                                       std::int64_t) const;
template PanelPieces<Bf16Pair> WinogradWeights::pieces_of(const Bf16Pair*, std::int64_t,
                                                          std::int64_t) const;

void transform_weights(int threads, const float* w, const Shape& shape,
                       const WinogradWeights& weights, void* u) {
  if (weights.dtype == DType::bf16) {
    transform(threads, w, shape, weights, static_cast<Bf16*>(u));
  } else {
    transform(threads, w, shape, weights, static_cast<float*>(u));
  }
}

}  // namespace gramgrad::cpu
#endif
