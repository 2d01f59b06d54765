// M to output pixels, and the epilogue: bias, ReLU, masks, pooling, stores.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd/output_transform.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bits_inl.h"
#include "kernels/cpu/relu_inl.h"
#include "kernels/cpu/winograd/prefetch_inl.h"
#include "kernels/cpu/winograd/transforms_inl.h"

#include <hwy/cache_control.h>

#include <algorithm>

#include "kernels/cpu/winograd/output_transform.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// Which part of a tile lies inside the map.
struct TilePlace {
  TilePlace(const TileGrid& grid, std::int64_t tile, const WinogradOutput& output)
      : top(grid.top(tile)),
        left(grid.left(tile)),
        rows(std::min(grid.tile_shape.height, output.height - top)),
        columns(std::min(grid.tile_shape.width, output.width - left)) {}
  std::int64_t top, left, rows, columns;
};

// pixels = A^T m A for the channels c, c+1, ...
template <class D, std::size_t height, std::size_t width, class V = hn::Vec<D>>
HWY_INLINE void inverse(D d, const TileMatrices<float>& m, std::int64_t row, std::size_t c,
                        V (&pixels)[height][width]) {
  constexpr std::int64_t rows = height + winograd::halo;
  constexpr std::int64_t columns = width + winograd::halo;
  V half[height][columns];
  const float* from = m.row(0, row) + c;
  for (std::int64_t j = 0; j < columns; ++j) {
    V column[rows];
    V transformed[height];
#pragma GCC unroll 8
    for (std::int64_t i = 0; i < rows; ++i) {
      column[i] = hn::LoadU(d, from + (columns * i + j) * m.matrix_stride);
    }
    transform_outputs(d, column, transformed);
#pragma GCC unroll 6
    for (std::size_t i = 0; i < height; ++i) {
      half[i][j] = transformed[i];
    }
  }
#pragma GCC unroll 6
  for (std::size_t i = 0; i < height; ++i) {
    transform_outputs(d, half[i], pixels[i]);
  }
}

// visit(i, j, number of the pixel in the map) for the tile's pixels inside the map. Unrolled where
// all of them are, so that pixels stay in registers.
template <bool whole, std::int64_t height, std::int64_t width, class Visit>
HWY_INLINE void for_pixels(const TilePlace& place, const WinogradOutput& output,
                           const Visit& visit) {
  const std::int64_t first = place.top * output.width + place.left;
#pragma GCC unroll 6
  for (std::int64_t i = 0; i < (whole ? height : place.rows); ++i) {
#pragma GCC unroll 6
    for (std::int64_t j = 0; j < (whole ? width : place.columns); ++j) {
      visit(i, j, first + i * output.width + j);
    }
  }
}

template <class D, std::size_t height, std::size_t width, class V = hn::Vec<D>>
HWY_INLINE void add_bias_and_clip(D d, const WinogradOutput& output, std::size_t c,
                                  V (&pixels)[height][width]) {
  const V bias = output.bias != nullptr ? hn::LoadU(d, output.bias + c) : hn::Zero(d);
  for (auto& row : pixels) {
#pragma GCC unroll 6
    for (V& pixel : row) {
      pixel = hn::Add(pixel, bias);
      if (output.relu) {
        pixel = rectified(d, pixel);
      }
    }
  }
}

template <bool whole, class D, std::size_t height, std::size_t width, class V = hn::Vec<D>>
HWY_INLINE void store_pixels(D d, const TilePlace& place, const WinogradOutput& output,
                             std::size_t c, const V (&pixels)[height][width], bool stream) {
  const auto store = [&](const auto& put) HWY_ATTR {
    for_pixels<whole, height, width>(
        place, output, [&](std::int64_t i, std::int64_t j, std::int64_t pixel) HWY_ATTR {
          put(pixels[i][j], output.y + pixel * output.channels + c);
        });
  };
  if (output.accumulate) {
    store([d](V pixel, float* to)
              HWY_ATTR { hn::StoreU(hn::Add(pixel, hn::LoadU(d, to)), d, to); });
  } else if (stream) {
    store([d](V pixel, float* to) HWY_ATTR { hn::Stream(pixel, d, to); });
  } else {
    store([d](V pixel, float* to) HWY_ATTR { hn::StoreU(pixel, d, to); });
  }
}

// Brings the next tile's pixels, which are added to, to the cache.
template <std::int64_t width, class D>
HWY_INLINE void prefetch_next(D d, const TilePlace& place, const WinogradOutput& output,
                              std::size_t c) {
  if (place.left + 2 * width <= output.width) {
    const std::int64_t pixel = place.top * output.width + place.left + width;
    prefetch_pixels(d, c, output.y + pixel * output.channels, place.rows,
                    output.width * output.channels, width);
  }
}

// While the channels c, c+1, ... of a tile are worked on, a like part of the next tile's rows of M,
// one row after the other, into the second-level cache.
template <class D>
HWY_INLINE void prefetch_products(D d, const TileMatrices<float>& m, std::int64_t products,
                                  std::int64_t next, std::int64_t channels, std::size_t c) {
  constexpr std::int64_t line = cache_line_floats;
  const std::int64_t row_lines = ceil_div(channels, line);
  const std::int64_t first = static_cast<std::int64_t>(c) * products / line;
  const std::int64_t last = static_cast<std::int64_t>(c + hn::Lanes(d)) * products / line;
  const float* row = m.row(first / row_lines, next);
  std::int64_t i = first % row_lines;
  for (std::int64_t n = first; n < last; ++n) {
    __builtin_prefetch(row + i * line, 0, 2);
    if (++i == row_lines) {
      i = 0;
      row += m.matrix_stride;
    }
  }
}

template <bool whole, class D, std::size_t height, std::size_t width, class V = hn::Vec<D>>
HWY_INLINE void store_mask(D d, const TilePlace& place, const WinogradOutput& output, std::size_t c,
                           const V (&pixels)[height][width]) {
  const std::int64_t bytes = ceil_div(output.channels, 8);
  for_pixels<whole, height, width>(
      place, output, [&](std::int64_t i, std::int64_t j, std::int64_t pixel) HWY_ATTR {
        store_bits(d, hn::Gt(pixels[i][j], hn::Zero(d)), output.relu_mask + pixel * bytes, c);
      });
}

// The largest of a window's four pixels; the first of equal ones wins, the first NaN before all.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V largest(D, const V (&window)[4], std::uint8_t* winners) {
  const hn::Rebind<std::int32_t, D> integers;
  const hn::Rebind<std::uint8_t, D> bytes;
  V best = window[0];
  auto winner = hn::Zero(integers);
  for (std::int32_t k = 1; k < 4; ++k) {
    const auto keep = hn::Or(hn::Le(window[k], best), hn::Ne(best, best));
    best = hn::IfThenElse(keep, best, window[k]);
    winner = hn::IfThenElse(hn::RebindMask(integers, keep), winner, hn::Set(integers, k));
  }
  if (winners != nullptr) {
    hn::StoreU(hn::DemoteTo(bytes, winner), bytes, winners);
  }
  return best;
}

template <bool whole, class D, std::size_t height, std::size_t width, class V = hn::Vec<D>>
HWY_INLINE void store_pooled(D d, const TilePlace& place, const WinogradOutput& output,
                             std::size_t c, const V (&pixels)[height][width]) {
#pragma GCC unroll 3
  for (std::int64_t i = 0; i + 1 < (whole ? std::int64_t{height} : place.rows); i += 2) {
#pragma GCC unroll 3
    for (std::int64_t j = 0; j + 1 < (whole ? std::int64_t{width} : place.columns); j += 2) {
      const V window[4] = {pixels[i][j], pixels[i][j + 1], pixels[i + 1][j], pixels[i + 1][j + 1]};
      const std::int64_t cell = (place.top + i) / 2 * (output.width / 2) + (place.left + j) / 2;
      const std::int64_t offset = cell * output.channels + static_cast<std::int64_t>(c);
      V value;
      if (output.pool == PoolKind::max) {
        value = largest(d, window, output.winners != nullptr ? output.winners + offset : nullptr);
      } else {
        const V sum = hn::Add(hn::Add(hn::Add(window[0], window[1]), window[2]), window[3]);
        value = hn::Mul(sum, hn::Set(d, 0.25F));
      }
      hn::StoreU(value, d, output.pooled + offset);
    }
  }
}

// Whether stores go past the caches: a large map has left them before it is read again. Only where
// each store writes a whole line of 64 bytes; parts of lines would be slow.
bool streams(const WinogradOutput& output) {
  constexpr std::int64_t line = cache_line_bytes;
  constexpr std::int64_t large = 1 << 20;
  const std::int64_t pixel_bytes = output.channels * std::int64_t{sizeof(float)};
  return hn::MaxLanes(hn::ScalableTag<float>()) * sizeof(float) == line && output.y != nullptr &&
         !output.accumulate && output.height * output.width * pixel_bytes >= large &&
         pixel_bytes % line == 0 && reinterpret_cast<std::uintptr_t>(output.y) % line == 0;
}

template <bool whole, winograd::TileShape tile, class D>
HWY_INLINE void transform_tile(D d, const TileMatrices<float>& m, std::int64_t row,
                               const TilePlace& place, const WinogradOutput& output, std::size_t c,
                               bool stream) {
  hn::Vec<D> pixels[tile.height][tile.width];
  if (output.accumulate) {
    prefetch_next<tile.width>(d, place, output, c);
  }
  inverse(d, m, row, c, pixels);
  add_bias_and_clip(d, output, c, pixels);
  if (output.relu_mask != nullptr) {
    store_mask<whole>(d, place, output, c, pixels);
  }
  if (output.y != nullptr) {
    store_pixels<whole>(d, place, output, c, pixels, stream);
  }
  if (output.pooled != nullptr) {
    store_pooled<whole>(d, place, output, c, pixels);
  }
}

template <winograd::TileShape shape>
void tiles_of_shape(const TileMatrices<float>& m, std::int64_t first, const TileGrid& grid,
                    const TileRange& tiles, const WinogradOutput& output) {
  const bool stream = streams(output);
  for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const TilePlace place(grid, tile, output);
    const bool whole = place.rows == shape.height && place.columns == shape.width;
    for_each_vector(
        0, static_cast<std::size_t>(output.channels), [&](auto d, std::size_t c) HWY_ATTR {
          if (m.cache != Cache::own && tile + 1 < tiles.end) {
            prefetch_products(d, m, shape.products(), tile + 1 - first, output.channels, c);
          }
          if (whole) {
            transform_tile<true, shape>(d, m, tile - first, place, output, c, stream);
          } else {
            transform_tile<false, shape>(d, m, tile - first, place, output, c, stream);
          }
        });
  }
  if (stream) {
    hwy::FlushStream();
  }
}

void output_tiles(const TileMatrices<float>& m, std::int64_t first, const TileGrid& grid,
                  const TileRange& tiles, const WinogradOutput& output) {
  const auto transform =
      grid.tile_shape == winograd::large_tile  ? tiles_of_shape<winograd::large_tile>
      : grid.tile_shape == winograd::wide_tile ? tiles_of_shape<winograd::wide_tile>
                                               : tiles_of_shape<winograd::small_tile>;
  transform(m, first, grid, tiles, output);
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(output_tiles);

void transform_output_tiles(const TileMatrices<float>& m, std::int64_t first, const TileGrid& grid,
                            const TileRange& tiles, const WinogradOutput& output) {
  HWY_DYNAMIC_DISPATCH(output_tiles)(m, first, grid, tiles, output);
}

}  // namespace gramgrad::cpu
#endif
