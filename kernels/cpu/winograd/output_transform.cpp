// M to output pixels, and the epilogue: bias, ReLU, masks, pooling, stores.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd/output_transform.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bits_inl.h"
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
        rows(std::min(winograd::output_side, output.height - top)),
        columns(std::min(winograd::output_side, output.width - left)) {}
  std::int64_t top, left, rows, columns;
};

// pixels = A^T m A for the channels c, c+1, ...
template <class D, class V = hn::Vec<D>>
HWY_INLINE void inverse(D d, const TileMatrices<float>& m, std::int64_t row, std::size_t c,
                        V (&pixels)[4][4]) {
  V half[4][6];
  const float* from = m.row(0, row) + c;
  for (std::int64_t j = 0; j < 6; ++j) {
    V column[6];
    V transformed[4];
#pragma GCC unroll 6
    for (std::int64_t i = 0; i < 6; ++i) {
      column[i] = hn::LoadU(d, from + (6 * i + j) * m.matrix_stride);
    }
    transform_outputs(d, column, transformed);
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < 4; ++i) {
      half[i][j] = transformed[i];
    }
  }
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < 4; ++i) {
    transform_outputs(d, half[i], pixels[i]);
  }
}

// visit(i, j, number of the pixel in the map) for the tile's pixels inside the map.
template <class Visit>
HWY_INLINE void for_pixels(const TilePlace& place, const WinogradOutput& output,
                           const Visit& visit) {
  for (std::int64_t i = 0; i < place.rows; ++i) {
    for (std::int64_t j = 0; j < place.columns; ++j) {
      visit(i, j, (place.top + i) * output.width + place.left + j);
    }
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void add_bias_and_clip(D d, const WinogradOutput& output, std::size_t c,
                                  V (&pixels)[4][4]) {
  const V bias = output.bias != nullptr ? hn::LoadU(d, output.bias + c) : hn::Zero(d);
  for (auto& row : pixels) {
    for (V& pixel : row) {
      pixel = hn::Add(pixel, bias);
      if (output.relu) {  // NaN stays NaN
        pixel = hn::IfThenElse(hn::Le(pixel, hn::Zero(d)), hn::Zero(d), pixel);
      }
    }
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void store_pixels(D d, const TilePlace& place, const WinogradOutput& output,
                             std::size_t c, const V (&pixels)[4][4], bool stream) {
  for_pixels(place, output, [&](std::int64_t i, std::int64_t j, std::int64_t pixel) HWY_ATTR {
    float* to = output.y + pixel * output.channels + c;
    if (output.accumulate) {
      hn::StoreU(hn::Add(pixels[i][j], hn::LoadU(d, to)), d, to);
    } else if (stream) {
      hn::Stream(pixels[i][j], d, to);
    } else {
      hn::StoreU(pixels[i][j], d, to);
    }
  });
}

// Brings the next tile's pixels to the cache, which are added to.
HWY_INLINE void prefetch_next(const TilePlace& place, const WinogradOutput& output, std::size_t c) {
  if (place.left + 2 * winograd::output_side <= output.width) {
    for_pixels(place, output, [&](std::int64_t, std::int64_t, std::int64_t pixel) HWY_ATTR {
      hwy::Prefetch(output.y + (pixel + winograd::output_side) * output.channels + c);
    });
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void store_mask(D d, const TilePlace& place, const WinogradOutput& output, std::size_t c,
                           const V (&pixels)[4][4]) {
  const std::int64_t bytes = ceil_div(output.channels, 8);
  for_pixels(place, output, [&](std::int64_t i, std::int64_t j, std::int64_t pixel) HWY_ATTR {
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

template <class D, class V = hn::Vec<D>>
HWY_INLINE void store_pooled(D d, const TilePlace& place, const WinogradOutput& output,
                             std::size_t c, const V (&pixels)[4][4]) {
  for (std::int64_t i = 0; i + 1 < place.rows; i += 2) {
    for (std::int64_t j = 0; j + 1 < place.columns; j += 2) {
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
  constexpr std::int64_t line = 64;
  constexpr std::int64_t large = 1 << 20;
  const std::int64_t pixel_bytes = output.channels * std::int64_t{sizeof(float)};
  return hn::MaxLanes(hn::ScalableTag<float>()) * sizeof(float) == line && output.y != nullptr &&
         !output.accumulate && output.height * output.width * pixel_bytes >= large &&
         pixel_bytes % line == 0 && reinterpret_cast<std::uintptr_t>(output.y) % line == 0;
}

void output_tiles(const TileMatrices<float>& m, std::int64_t first, const TileGrid& grid,
                  const TileRange& tiles, const WinogradOutput& output) {
  const bool stream = streams(output);
  for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const TilePlace place(grid, tile, output);
    for_each_vector(0, static_cast<std::size_t>(output.channels),
                    [&](auto d, std::size_t c) HWY_ATTR {
                      hn::Vec<decltype(d)> pixels[4][4];
                      if (output.accumulate) {
                        prefetch_next(place, output, c);
                      }
                      inverse(d, m, tile - first, c, pixels);
                      add_bias_and_clip(d, output, c, pixels);
                      if (output.relu_mask != nullptr) {
                        store_mask(d, place, output, c, pixels);
                      }
                      if (output.y != nullptr) {
                        store_pixels(d, place, output, c, pixels, stream);
                      }
                      if (output.pooled != nullptr) {
                        store_pooled(d, place, output, c, pixels);
                      }
                    });
  }
  if (stream) {
    hwy::FlushStream();
  }
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
