// Pixels to V: one tile after the other, all its channels, so that maps and V are read and written
// in sequence.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd/input_transform.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/bf16_inl.h"
#include "kernels/cpu/bits_inl.h"
#include "kernels/cpu/winograd/transforms_inl.h"

#include <hwy/cache_control.h>

#include "kernels/cpu/winograd/input_transform.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// The 6x6 pixels that a tile sees; which parts of the gradient there are is known when compiling.
template <bool masked, bool unpools>
class TilePixels {
 public:
  TilePixels(const WinogradInput& input, std::int64_t output_top, std::int64_t output_left)
      : map_(input.map),
        top_(output_top - input.padding),
        left_(output_left - input.padding),
        row_(map_.width * map_.channels),
        bytes_(ceil_div(map_.channels, 8)),
        pixel_(top_ * map_.width + left_) {}

  // All pixels lie inside the map, and under pooling windows.
  bool inside() const {
    const std::int64_t height = unpools ? 2 * map_.pooled_height : map_.height;
    const std::int64_t width = unpools ? 2 * map_.pooled_width : map_.width;
    return top_ >= 0 && left_ >= 0 && top_ + winograd::input_side <= height &&
           left_ + winograd::input_side <= width;
  }

  // Pixel (i, j) of the tile, channels c, c+1, ...
  template <bool is_inside, class D>
  HWY_INLINE hn::Vec<D> load(D d, std::int64_t i, std::int64_t j, std::size_t c) const {
    if constexpr (!is_inside) {
      const std::int64_t h = top_ + i;
      const std::int64_t w = left_ + j;
      if (h < 0 || w < 0 || h >= map_.height || w >= map_.width) {
        return hn::Zero(d);
      }
    }
    const auto offset = (pixel_ + j) * map_.channels + i * row_ + static_cast<std::int64_t>(c);
    hn::Vec<D> value;
    if constexpr (unpools) {
      value = unpooled<is_inside>(d, top_ + i, left_ + j, c);
      if (map_.dy != nullptr) {
        value = hn::Add(value, hn::LoadU(d, map_.dy + offset));
      }
    } else {
      value = hn::LoadU(d, map_.dy + offset);
    }
    if constexpr (masked) {
      const std::int64_t byte = (pixel_ + j + i * map_.width) * bytes_;
      value = hn::IfThenElseZero(mask_from_bits(d, map_.relu_mask + byte, c), value);
    }
    return value;
  }

  // Brings the four columns of pixels that the next tile adds to the cache.
  HWY_INLINE void prefetch_next(std::size_t c) const {
    if constexpr (!unpools) {
      for (std::int64_t i = 0; i < winograd::input_side; ++i) {
        const float* row = map_.dy + i * row_ + static_cast<std::int64_t>(c);
        for (std::int64_t j = winograd::input_side; j < 10; ++j) {
          hwy::Prefetch(row + (pixel_ + j) * map_.channels);
        }
      }
    }
  }

 private:
  template <bool is_inside, class D>
  HWY_INLINE hn::Vec<D> unpooled(D d, std::int64_t h, std::int64_t w, std::size_t c) const {
    const hn::Rebind<std::int32_t, D> integers;
    const hn::Rebind<std::uint8_t, D> bytes;
    if (!is_inside && (h / 2 >= map_.pooled_height || w / 2 >= map_.pooled_width)) {
      return hn::Zero(d);  // a row or column that pooling dropped
    }
    const std::int64_t offset =
        (h / 2 * map_.pooled_width + w / 2) * map_.channels + static_cast<std::int64_t>(c);
    const auto value = hn::LoadU(d, map_.dpooled + offset);
    if (map_.winners == nullptr) {
      return hn::Mul(value, hn::Set(d, 0.25F));
    }
    const auto winner = hn::PromoteTo(integers, hn::LoadU(bytes, map_.winners + offset));
    const auto index = hn::Set(integers, static_cast<std::int32_t>(h % 2 * 2 + w % 2));
    return hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(winner, index)), value);
  }

  const MapGradient& map_;
  std::int64_t top_, left_;  // of the tile's first pixel; negative in the padding
  std::int64_t row_;         // floats in a row of the map
  std::int64_t bytes_;       // of a pixel's mask
  std::int64_t pixel_;       // number of the first pixel
};

// The channels that elements of V hold.
HWY_INLINE float* channels_of(float* row) {
  return row;
}
HWY_INLINE Bf16* channels_of(Bf16Pair* row) {
  return reinterpret_cast<Bf16*>(row);
}

// V of one tile for the channels c, c+1, ...
template <bool is_inside, class D, class Pixels, class T>
HWY_INLINE void transform_tile(D d, const Pixels& pixels, std::size_t c, const TileMatrices<T>& v,
                               std::int64_t row) {
  using V = hn::Vec<D>;
  V half[6][6];  // B^T d
  for (std::int64_t j = 0; j < 6; ++j) {
    V column[6];
    V transformed[6];
#pragma GCC unroll 6
    for (std::int64_t i = 0; i < 6; ++i) {
      column[i] = pixels.template load<is_inside>(d, i, j, c);
    }
    transform_inputs(d, column, transformed);
#pragma GCC unroll 6
    for (std::int64_t i = 0; i < 6; ++i) {
      half[i][j] = transformed[i];
    }
  }
  T* to = v.row(0, row);
  for (std::int64_t i = 0; i < 6; ++i) {
    V transformed[6];
    transform_inputs(d, half[i], transformed);
#pragma GCC unroll 6
    for (std::int64_t j = 0; j < 6; ++j) {
      store(d, transformed[j], channels_of(to) + c);
      to += v.matrix_stride;
    }
  }
}

// What the last pair of an odd number of channels is filled up with.
void fill_last_pair(const TileMatrices<Bf16Pair>& v, std::int64_t row, std::size_t channels) {
  if (channels % 2 != 0) {
    for (std::int64_t product = 0; product < winograd::products; ++product) {
      v.row(product, row)[channels / 2].second = {0};
    }
  }
}
void fill_last_pair(const TileMatrices<float>&, std::int64_t, std::size_t) {}

template <bool masked, bool unpools, class T>
void transform_all(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                   std::int64_t first, const TileMatrices<T>& v) {
  const auto channels = static_cast<std::size_t>(input.map.channels);
  for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const TilePixels<masked, unpools> pixels(input, grid.top(tile), grid.left(tile));
    if (pixels.inside()) {
      for_each_vector(0, channels, [&](auto d, std::size_t c) HWY_ATTR {
        pixels.prefetch_next(c);
        transform_tile<true>(d, pixels, c, v, tile - first);
      });
    } else {
      for_each_vector(0, channels, [&](auto d, std::size_t c) HWY_ATTR {
        transform_tile<false>(d, pixels, c, v, tile - first);
      });
    }
    fill_last_pair(v, tile - first, channels);
  }
}

template <class T>
void input_tiles(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                 std::int64_t first, const TileMatrices<T>& v) {
  const bool masked = input.map.relu_mask != nullptr;
  const bool unpools = input.map.dpooled != nullptr;
  const auto transform =
      unpools ? (masked ? transform_all<true, true, T> : transform_all<false, true, T>)
              : (masked ? transform_all<true, false, T> : transform_all<false, false, T>);
  transform(input, grid, tiles, first, v);
}

void input_tiles_in_f32(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                        std::int64_t first, const TileMatrices<float>& v) {
  input_tiles(input, grid, tiles, first, v);
}
void input_tiles_in_bf16(const WinogradInput& input, const TileGrid& grid, const TileRange& tiles,
                         std::int64_t first, const TileMatrices<Bf16Pair>& v) {
  input_tiles(input, grid, tiles, first, v);
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
