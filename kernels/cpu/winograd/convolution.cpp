// The three stages, block of tiles by block of tiles, so that V and M stay in the caches.
#include "kernels/cpu/winograd/convolution.h"

#include <algorithm>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

namespace gramgrad::cpu {
namespace {

// Large weights do not stay in a core's own cache: they are read once for a large block of tiles,
// and threads share the block and split its products. With smaller ones each thread has its own
// block, so small that it stays there beside the weights and the pixels that pass through.
constexpr std::int64_t shared_block_bytes = 64 << 20;
constexpr std::int64_t own_block_bytes = 3 << 18;

// How the tiles are dealt out.
class Blocks {
 public:
  Blocks(int threads, const TileGrid& grid, const WinogradWeights& weights)
      : weights_(weights),
        shared_(weights.large || threads == 1),
        tiles_(shared_
                   ? tiles_per_block(grid, weights.large ? shared_block_bytes : own_block_bytes, 1)
                   : tiles_per_block(grid, own_block_bytes, threads)),
        elements_((shared_ ? 1 : threads) * block_elements() + threads * weights.panel_memory()) {}

  // All threads work on one block after the other; else each thread takes whole blocks.
  bool shared() const { return shared_; }
  std::int64_t tiles() const { return tiles_; }  // of a block, the last ones may stick out
  // Where V and M stay while a block is worked on.
  Cache v_cache() const {
    const bool whole_lines = weights_.inner() % cache_line_floats == 0;
    return m_cache() == Cache::none && !whole_lines ? Cache::shared : m_cache();
  }
  Cache m_cache() const {
    const std::int64_t elements = block_elements() + weights_.elements();
    // A quarter is for pixels.
    const bool fits = elements * std::int64_t{sizeof(float)} <= shared_cache_bytes() / 4 * 3;
    return !weights_.large ? Cache::own : fits ? Cache::shared : Cache::none;
  }
  // Of 32 bits: V, which may be in pairs of bf16 numbers, and M.
  std::int64_t v_elements() const {
    return weights_.products() * TileMatrices<float>::stride(tiles_, weights_.inner());
  }
  std::int64_t block_elements() const {
    return v_elements() +
           weights_.products() * TileMatrices<float>::stride(tiles_, weights_.columns());
  }
  // Of all blocks that are in work at a time and, behind them, each thread's panel of weights.
  std::int64_t elements() const { return elements_; }

 private:
  // Whole tiles of the micro-kernel, blocks about equal.
  std::int64_t tiles_per_block(const TileGrid& grid, std::int64_t bytes,
                               std::int64_t multiple) const {
    const std::int64_t tile_bytes =
        weights_.products() * (weights_.inner() + weights_.columns()) * std::int64_t{sizeof(float)};
    const std::int64_t most = std::max(product_rows(), bytes / tile_bytes);
    const std::int64_t blocks = ceil_div(ceil_div(grid.count(), most), multiple) * multiple;
    return ceil_div(ceil_div(grid.count(), blocks), product_rows()) * product_rows();
  }

  const WinogradWeights& weights_;
  bool shared_;
  std::int64_t tiles_, elements_;
};

// T: of V and of the weights, float or Bf16Pair.
template <typename T>
class WinogradConvolution {
 public:
  WinogradConvolution(const Device& device, const WinogradInput& input,
                      const WinogradWeights& weights, const T* u, const WinogradOutput& output)
      : device_(device),
        input_(input),
        weights_(weights),
        u_(u),
        output_(output),
        grid_(output.height, output.width, weights.tile_shape),
        blocks_(device.threads(), grid_, weights) {}

  void run() const {
    if (blocks_.shared()) {
      run_shared();
    } else {
      run_own();
    }
  }

 private:
  // One block after the other; all threads work on each.
  void run_shared() const {
    const std::int64_t size = blocks_.tiles();
    const int threads = device_.threads();
    const Scratch<float> memory(device_, blocks_.elements());
    const TileMatrices<T> v = v_in(memory.data(), size);
    const TileMatrices<float> m = m_in(memory.data(), size);
    const std::int64_t grain = std::max<std::int64_t>(1, ceil_div(size, 8 * threads));
    // Each product's panels in so many parts that the threads' loads are about equal.
    const std::int64_t parts = std::min(weights_.panels(), ceil_div(threads, 9));
    const std::int64_t panels = ceil_div(weights_.panels(), parts);
    for (std::int64_t first = 0; first < grid_.count(); first += size) {
      const std::int64_t count = std::min(size, grid_.count() - first);
      parallel_ranges(threads, count, grain, [&](std::int64_t begin, std::int64_t end) {
        transform_input_tiles(input_, grid_, {first + begin, first + end}, first, v);
      });
      parallel_for_slots(threads, weights_.products() * parts, [&](std::int64_t task, int slot) {
        float* panel = memory.data() + blocks_.block_elements() + slot * weights_.panel_memory();
        const auto part = [=](std::int64_t n) {
          return ProductPart{n / parts, {n % parts * panels, (n % parts + 1) * panels}};
        };
        // While threads are equally fast, they take every `threads`-th part.
        multiply(part(task), part(task + threads), count, v, m, reinterpret_cast<T*>(panel));
      });
      parallel_ranges(threads, count, grain, [&](std::int64_t begin, std::int64_t end) {
        transform_output_tiles(m, first, grid_, {first + begin, first + end}, output_);
      });
    }
  }

  // Each thread takes whole blocks.
  void run_own() const {
    const int threads = device_.threads();
    const std::int64_t size = blocks_.tiles();
    const Scratch<float> memory(device_, blocks_.elements());
    parallel_for_slots(threads, ceil_div(grid_.count(), size), [&](std::int64_t block, int slot) {
      const TileRange tiles{block * size, std::min((block + 1) * size, grid_.count())};
      float* own = memory.data() + slot * blocks_.block_elements();
      const TileMatrices<T> v = v_in(own, size);
      const TileMatrices<float> m = m_in(own, size);
      transform_input_tiles(input_, grid_, tiles, tiles.begin, v);
      for (std::int64_t product = 0; product < weights_.products(); ++product) {
        const WinogradWeights::PanelRange all{0, weights_.panels()};
        multiply({product, all}, {product + 1, all}, tiles.end - tiles.begin, v, m, nullptr);
      }
      transform_output_tiles(m, tiles.begin, grid_, tiles, output_);
    });
  }

  TileMatrices<T> v_in(float* memory, std::int64_t size) const {
    return {reinterpret_cast<T*>(memory), size, weights_.inner(), blocks_.v_cache()};
  }
  TileMatrices<float> m_in(float* memory, std::int64_t size) const {
    return {memory + blocks_.v_elements(), size, weights_.columns(), blocks_.m_cache()};
  }

  // Panels of one of the products; the end may lie beyond the last.
  struct ProductPart {
    std::int64_t product;
    WinogradWeights::PanelRange range;
  };

  // M = V U for a part of a product, tiles [0, tiles); the thread goes on with `next`, if there is
  // such a product. `panel_memory` is for WinogradWeights::some_panels.
  void multiply(const ProductPart& part, const ProductPart& next, std::int64_t tiles,
                const TileMatrices<T>& v, const TileMatrices<float>& m, T* panel_memory) const {
    const auto [product, range] = part;
    const std::int64_t last = std::min(range.end, weights_.panels());
    for (std::int64_t panel = range.begin; panel < last; panel += weights_.most_panels()) {
      const WinogradWeights::PanelRange some{panel, std::min(panel + weights_.most_panels(), last)};
      multiply_rows(RowProduct<T>{
          .x = v.row(product, 0),
          .x_stride = v.row_stride,
          .b = weights_.some_panels(u_, product, some, panel_memory),
          .inner = weights_.inner(),
          .y = m.row(product, 0) + panel * weights_.panel_columns(),
          .y_stride = m.row_stride,
          .rows = tiles,
          .columns = (some.end - some.begin) * weights_.panel_columns(),
          .accumulate = false,
          .longest_sum = winograd::longest_sum(weights_.tile_shape),
          .next = some.end < last ? weights_.pieces_of(u_, product, some.end)
                                  : weights_.pieces_of(u_, next.product, next.range.begin),
          .far_x = panel == range.begin,
          .y_cache = m.cache});
    }
  }

  const Device& device_;
  const WinogradInput& input_;
  const WinogradWeights& weights_;
  const T* u_;
  const WinogradOutput& output_;
  TileGrid grid_;
  Blocks blocks_;
};

}  // namespace

std::int64_t winograd_workspace_bytes(int threads, std::int64_t height, std::int64_t width,
                                      const WinogradWeights& weights) {
  return Blocks(threads, TileGrid(height, width, weights.tile_shape), weights).elements() *
         std::int64_t{sizeof(float)};
}

void winograd_convolution(const Device& device, const WinogradInput& input,
                          const WinogradWeights& weights, const void* u,
                          const WinogradOutput& output) {
  static_assert(sizeof(Bf16Pair) == sizeof(float));  // so that memory can be counted in either
  if (weights.dtype == DType::bf16) {
    WinogradConvolution(device, input, weights, static_cast<const Bf16Pair*>(u), output).run();
  } else {
    WinogradConvolution(device, input, weights, static_cast<const float*>(u), output).run();
  }
}

}  // namespace gramgrad::cpu
