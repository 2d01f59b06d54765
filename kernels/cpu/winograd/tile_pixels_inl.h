// The pixels that a tile of the input transform sees: loaded from a map, or formed in registers
// from what flows back through ReLU and pooling.
#include <cstdint>

#include <hwy/cache_control.h>

#include "kernels/cpu/bits_inl.h"
#include "kernels/cpu/winograd/input_transform.h"
#include "kernels/cpu/winograd/prefetch_inl.h"

// Included once for each instruction set: not an ordinary include guard.
#if defined(GRAMGRAD_KERNELS_CPU_WINOGRAD_TILE_PIXELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_WINOGRAD_TILE_PIXELS_INL_H_
#undef GRAMGRAD_KERNELS_CPU_WINOGRAD_TILE_PIXELS_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_WINOGRAD_TILE_PIXELS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

// The pixels that a tile sees; its shape, and which parts of the gradient there are, is known when
// compiling.
template <winograd::TileShape tile, bool masked, bool unpools>
class TilePixels {
 public:
  static constexpr std::int64_t rows = tile.input_height();
  static constexpr std::int64_t columns = tile.input_width();

  TilePixels(const WinogradInput& input, std::int64_t output_top, std::int64_t output_left)
      : map_(input.map),
        top_(output_top - input.padding),
        left_(output_left - input.padding),
        row_(map_.width * map_.channels),
        bytes_(ceil_div(map_.channels, 8)),
        pixel_(top_ * map_.width + left_) {}

  // All pixels lie inside the map, and under pooling windows.
  bool inside() const {
    const std::int64_t bottom = unpools ? 2 * map_.pooled_height : map_.height;
    const std::int64_t right = unpools ? 2 * map_.pooled_width : map_.width;
    return top_ >= 0 && left_ >= 0 && top_ + rows <= bottom && left_ + columns <= right;
  }

  // Column j of the tile, channels c, c+1, ...
  template <bool is_inside, class D, class V = hn::Vec<D>>
  HWY_INLINE void load_column(D d, std::int64_t j, std::size_t c, V (&column)[rows]) const {
    if constexpr (unpools) {
      if (top_ % 2 == 0) {
        unpool_column<is_inside, 0>(d, j, c, column);
      } else {
        unpool_column<is_inside, 1>(d, j, c, column);
      }
      if (map_.dy != nullptr) {
#pragma GCC unroll 8
        for (std::int64_t i = 0; i < rows; ++i) {
          column[i] = hn::Add(column[i], from_map<is_inside>(d, i, j, c));
        }
      }
    } else {
#pragma GCC unroll 8
      for (std::int64_t i = 0; i < rows; ++i) {
        column[i] = from_map<is_inside>(d, i, j, c);
      }
    }
    if constexpr (masked) {
#pragma GCC unroll 8
      for (std::int64_t i = 0; i < rows; ++i) {
        if (is_inside || in_map(i, j)) {
          const std::int64_t byte = (pixel_ + j + i * map_.width) * bytes_;
          column[i] = hn::IfThenElseZero(mask_from_bits(d, map_.relu_mask + byte, c), column[i]);
        }
      }
    }
  }

  // Brings what the next tile adds to the cache, if it is inside too.
  template <bool is_inside, class D>
  HWY_INLINE void prefetch_next(D d, std::size_t c) const {
    if constexpr (is_inside && !unpools) {
      prefetch_pixels(d, c, map_.dy + (pixel_ + columns) * map_.channels, rows, row_, tile.width);
    }
  }

 private:
  bool in_map(std::int64_t i, std::int64_t j) const {
    return top_ + i >= 0 && left_ + j >= 0 && top_ + i < map_.height && left_ + j < map_.width;
  }

  // Pixel (i, j) of dy.
  template <bool is_inside, class D>
  HWY_INLINE hn::Vec<D> from_map(D d, std::int64_t i, std::int64_t j, std::size_t c) const {
    if (!is_inside && !in_map(i, j)) {
      return hn::Zero(d);
    }
    const float* pixel = map_.dy + (pixel_ + j) * map_.channels + i * row_ + c;
    if constexpr (is_inside) {
      hwy::Prefetch(pixel + hn::Lanes(d));  // the next channels, into the first-level cache
    }
    return hn::LoadU(d, pixel);
  }

  // What flows to column j through pooling. Two pixels, one below the other, are in the same window
  // and share its loads; `odd`: the tile's first row is the second one of its windows.
  template <bool is_inside, int odd, class D, class V = hn::Vec<D>>
  HWY_INLINE void unpool_column(D d, std::int64_t j, std::size_t c, V (&column)[rows]) const {
    const hn::Rebind<std::int32_t, D> integers;
    const hn::Rebind<std::uint8_t, D> bytes;
    const std::int64_t w = (left_ + j) >> 1;
    const auto place = static_cast<std::int32_t>((left_ + j) & 1);  // of the first row in a window
#pragma GCC unroll 5
    for (std::int64_t window = 0; window < rows / 2 + odd; ++window) {
      const std::int64_t h = (top_ >> 1) + window;
      const std::int64_t i = 2 * window - odd;
      V first = hn::Zero(d);  // outside the map, or in a row or column that pooling dropped
      V second = first;
      if (is_inside || (h >= 0 && w >= 0 && h < map_.pooled_height && w < map_.pooled_width)) {
        const auto offset =
            (h * map_.pooled_width + w) * map_.channels + static_cast<std::int64_t>(c);
        const V value = hn::LoadU(d, map_.dpooled + offset);
        if (map_.winners == nullptr) {
          first = second = hn::Mul(value, hn::Set(d, 0.25F));
        } else {
          const auto winner = hn::PromoteTo(integers, hn::LoadU(bytes, map_.winners + offset));
          const auto part = [&](std::int32_t k) HWY_ATTR {
            const auto won = hn::Eq(winner, hn::Set(integers, k));
            return hn::IfThenElseZero(hn::RebindMask(d, won), value);
          };
          first = part(place);
          second = part(2 + place);
        }
      }
      if (i >= 0) {
        column[i] = first;
      }
      if (i + 1 < rows) {
        column[i + 1] = second;
      }
    }
  }

  const MapGradient& map_;
  std::int64_t top_, left_;  // of the tile's first pixel; negative in the padding
  std::int64_t row_;         // floats in a row of the map
  std::int64_t bytes_;       // of a pixel's mask
  std::int64_t pixel_;       // number of the first pixel
};

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
