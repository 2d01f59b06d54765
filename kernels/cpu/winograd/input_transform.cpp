// Pixels to V: one tile after the other, all its channels, so that maps and V are read and written
// in sequence.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd/input_transform.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bf16_inl.h"
#include "kernels/cpu/panel_width_inl.h"
#include "kernels/cpu/winograd/tile_pixels_inl.h"
#include "kernels/cpu/winograd/transforms_inl.h"

#include <hwy/cache_control.h>

#include <type_traits>

#include "kernels/cpu/winograd/input_transform.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// The first channel of a tile in V, for each product.
template <class T>
struct TileValues {
  T* first;
  std::int64_t stride;
};

// The channels that elements of V hold.
HWY_INLINE float* channels_of(float* row) {
  return row;
}
HWY_INLINE Bf16* channels_of(Bf16Pair* row) {
  return reinterpret_cast<Bf16*>(row);
}
constexpr std::int64_t line = cache_line_floats;  // or pairs
template <class T>
constexpr std::int64_t line_channels = std::is_same_v<T, float> ? line : 2 * line;

// The channels c, c+1, ... of one tile, to channels at, at+1, ... of `to`. Past the caches only
// where a vector is a line of them.
template <bool is_inside, bool past_caches, class D, class Pixels, class T>
HWY_INLINE void transform_tile(D d, const Pixels& pixels, std::size_t c, const TileValues<T>& to,
                               std::size_t at) {
  using V = hn::Vec<D>;
  constexpr std::int64_t rows = Pixels::rows;
  constexpr std::int64_t columns = Pixels::columns;
  V half[rows][columns];  // B^T d
  for (std::int64_t j = 0; j < columns; ++j) {
    V column[rows];
    V transformed[rows];
    pixels.template load_column<is_inside>(d, j, c, column);
    transform_inputs(d, column, transformed);
#pragma GCC unroll 8
    for (std::int64_t i = 0; i < rows; ++i) {
      half[i][j] = transformed[i];
    }
  }
  T* row = to.first;
  for (std::int64_t i = 0; i < rows; ++i) {
    V transformed[columns];
    transform_inputs(d, half[i], transformed);
#pragma GCC unroll 8
    for (std::int64_t j = 0; j < columns; ++j) {
      if constexpr (past_caches) {
        hn::Stream(transformed[j], d, row + at);
      } else {
        store(d, transformed[j], channels_of(row) + at);
      }
      row += to.stride;
    }
  }
}

template <class Number>
HWY_INLINE void write_line_past_caches(const Number* from, Number* to) {
  const hn::ScalableTag<Number> d;
  for (std::size_t i = 0; i < cache_line_bytes / sizeof(Number); i += hn::Lanes(d)) {
    hn::Stream(hn::Load(d, from + i), d, to + i);
  }
}
HWY_INLINE void write_line_past_caches(const Bf16Pair* from, Bf16Pair* to) {
  write_line_past_caches(&from->first.bits, &to->first.bits);
}

// All channels of a tile past the caches. Where a vector of V is a part of a line, lines are put
// together first, one for each product.
template <bool is_inside, class Pixels, class T>
HWY_INLINE void transform_past_caches(const Pixels& pixels, std::size_t channels,
                                      const TileValues<T>& to) {
  const hn::ScalableTag<float> d;
  if constexpr (lanes == line_channels<T>) {
    for (std::size_t c = 0; c < channels; c += hn::Lanes(d)) {
      pixels.template prefetch_next<is_inside>(d, c);
      transform_tile<is_inside, true>(d, pixels, c, to, c);
    }
  } else {
    constexpr std::int64_t products = Pixels::rows * Pixels::columns;
    HWY_ALIGN T lines[products * line];
    T* row = to.first;
    for (std::size_t c = 0; c < channels; c += line_channels<T>) {
      for (std::size_t at = 0; at < line_channels<T>; at += hn::Lanes(d)) {
        pixels.template prefetch_next<is_inside>(d, c + at);
        transform_tile<is_inside, false>(d, pixels, c + at, TileValues<T>{lines, line}, at);
      }
      for (std::int64_t k = 0; k < products; ++k) {
        write_line_past_caches(lines + k * line, row + k * to.stride);
      }
      row += line;
    }
  }
}

template <bool is_inside, class Pixels, class T>
HWY_INLINE void transform(const Pixels& pixels, std::size_t channels, const TileValues<T>& to,
                          Cache cache) {
  if (cache == Cache::none) {
    transform_past_caches<is_inside>(pixels, channels, to);
    return;
  }
  for_each_vector(0, channels, [&](auto d, std::size_t c) HWY_ATTR {
    pixels.template prefetch_next<is_inside>(d, c);
    transform_tile<is_inside, false>(d, pixels, c, to, c);
  });
}

// What the last pair of an odd number of channels is filled up with.
void fill_last_pair(const TileMatrices<Bf16Pair>& v, std::int64_t products, std::int64_t row,
                    std::size_t channels) {
  if (channels % 2 != 0) {
    for (std::int64_t product = 0; product < products; ++product) {
      v.row(product, row)[channels / 2].second = {0};
    }
  }
}
void fill_last_pair(const TileMatrices<float>&, std::int64_t, std::int64_t, std::size_t) {}

template <winograd::TileShape tile_shape, bool masked, bool unpools, class T>
void transform_all(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                   std::int64_t first, const TileMatrices<T>& v) {
  const auto channels = static_cast<std::size_t>(input.map.channels);
  for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const TilePixels<tile_shape, masked, unpools> pixels(input, grid.top(tile), grid.left(tile));
    const TileValues<T> to{v.row(0, tile - first), v.matrix_stride};
    if (pixels.inside()) {
      transform<true>(pixels, channels, to, v.cache);
    } else {
      transform<false>(pixels, channels, to, v.cache);
    }
    fill_last_pair(v, tile_shape.products(), tile - first, channels);
  }
  if (v.cache == Cache::none) {
    hwy::FlushStream();
  }
}

template <winograd::TileShape tile_shape, class T>
void input_tiles(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                 std::int64_t first, const TileMatrices<T>& v) {
  const bool masked = input.map.relu_mask != nullptr;
  const bool unpools = input.map.dpooled != nullptr;
  const auto transform = unpools ? (masked ? transform_all<tile_shape, true, true, T>
                                           : transform_all<tile_shape, false, true, T>)
                                 : (masked ? transform_all<tile_shape, true, false, T>
                                           : transform_all<tile_shape, false, false, T>);
  transform(input, grid, tiles, first, v);
}

void input_tiles_in_f32(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                        std::int64_t first, const TileMatrices<float>& v) {
  if (grid.tile_shape == winograd::large_tile) {
    input_tiles<winograd::large_tile>(input, grid, tiles, first, v);
  } else {
    input_tiles<winograd::wide_tile>(input, grid, tiles, first, v);
  }
}
void input_tiles_in_bf16(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                         std::int64_t first, const TileMatrices<Bf16Pair>& v) {
  input_tiles<winograd::small_tile>(input, grid, tiles, first, v);
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(input_tiles_in_f32);
HWY_EXPORT(input_tiles_in_bf16);

void transform_input_tiles(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                           std::int64_t first, const TileMatrices<float>& v) {
  HWY_DYNAMIC_DISPATCH(input_tiles_in_f32)(input, grid, tiles, first, v);
}
void transform_input_tiles(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                           std::int64_t first, const TileMatrices<Bf16Pair>& v) {
  HWY_DYNAMIC_DISPATCH(input_tiles_in_bf16)(input, grid, tiles, first, v);
}

}  // namespace gramgrad::cpu
#endif
