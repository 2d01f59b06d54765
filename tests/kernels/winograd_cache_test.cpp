// The stages of Winograd's convolution give the same numbers wherever V and M lie: in a core's own
// cache, in the shared one, or past both.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/cpu/winograd/input_transform.h"
#include "kernels/cpu/winograd/output_transform.h"
#include "tests/kernels/aligned.h"
#include "tests/kernels/instruction_sets.h"

namespace gramgrad::tests {
namespace {

using cpu::Bf16Pair;
using cpu::Cache;
using cpu::ceil_div;
using Matrices = cpu::TileMatrices<float>;

constexpr std::int64_t height = 11;
constexpr std::int64_t width = 20;
constexpr std::int64_t wide = cpu::winograd::tile_width_for(DType::f32);
constexpr std::int64_t products = cpu::winograd::products(wide);
constexpr float unwritten = std::numeric_limits<float>::quiet_NaN();

std::vector<float> random_floats(const char* name, std::int64_t count) {
  return Inputs(Device::reference(), {.seed = test_seed()}).values(name, {count}).to_host<float>();
}

template <typename T>
std::vector<std::uint32_t> bits_of(const T* first, std::int64_t count) {
  std::vector<std::uint32_t> bits;
  for (std::int64_t i = 0; i < count; ++i) {
    bits.push_back(std::bit_cast<std::uint32_t>(first[i]));
  }
  return bits;
}

// All of V, f32 or pairs of bf16, padding included.
template <typename T>
std::vector<std::uint32_t> transformed_pixels(const std::vector<float>& x, std::int64_t channels,
                                              Cache cache) {
  constexpr bool rounds = std::is_same_v<T, Bf16Pair>;
  constexpr std::int64_t tile_width =
      cpu::winograd::tile_width_for(rounds ? DType::bf16 : DType::f32);
  const cpu::MapGradient map{
      .height = height, .width = width, .channels = channels, .dy = x.data()};
  const cpu::TileGrid grid(height, width, tile_width);
  const std::int64_t inner = ceil_div(channels, rounds ? 2 : 1);
  const std::int64_t elements =
      cpu::winograd::products(tile_width) * cpu::TileMatrices<T>::stride(grid.count(), inner);
  Aligned<T> memory(elements, std::bit_cast<T>(unwritten));
  cpu::transform_input_tiles({map, 1}, grid, {0, grid.count()}, 0,
                             cpu::TileMatrices<T>(memory.data(), grid.count(), inner, cache));
  return bits_of(memory.data(), elements);
}

template <typename T>
void expect_same_inputs(std::int64_t channels_of_a_line) {
  for (const std::int64_t channels :
       {channels_of_a_line, 3 * channels_of_a_line, std::int64_t{35}}) {
    const std::vector<float> x = random_floats("x", height * width * channels);
    for_each_instruction_set([&] {
      const auto expected = transformed_pixels<T>(x, channels, Cache::own);
      EXPECT_EQ(transformed_pixels<T>(x, channels, Cache::shared), expected);
      if (channels % channels_of_a_line == 0) {
        EXPECT_EQ(transformed_pixels<T>(x, channels, Cache::none), expected);
      }
    });
  }
}

std::vector<std::uint32_t> transformed_products(Aligned<float>& m, std::int64_t channels,
                                                Cache cache) {
  const cpu::TileGrid grid(height, width, wide);
  std::vector<float> y(static_cast<std::size_t>(height * width * channels), unwritten);
  cpu::transform_output_tiles(
      Matrices(m.data(), grid.count(), channels, cache), 0, grid, {0, grid.count()},
      {.height = height, .width = width, .channels = channels, .y = y.data()});
  return bits_of(y.data(), static_cast<std::int64_t>(y.size()));
}

TEST(WinogradCacheTest, InputsAreTransformedAlike) {
  expect_same_inputs<float>(16);
}

TEST(WinogradCacheTest, InputsAreRoundedAlike) {
  expect_same_inputs<Bf16Pair>(32);
}

TEST(WinogradCacheTest, OutputsAreTransformedAlike) {
  for (const std::int64_t channels : {16, 48, 35}) {
    const std::int64_t tiles = cpu::TileGrid(height, width, wide).count();
    const std::int64_t elements = products * Matrices::stride(tiles, channels);
    const std::vector<float> values = random_floats("m", elements);
    Aligned<float> m(elements, unwritten);
    std::copy(values.begin(), values.end(), m.data());
    for_each_instruction_set([&] {
      const auto expected = transformed_products(m, channels, Cache::own);
      EXPECT_EQ(transformed_products(m, channels, Cache::shared), expected);
      EXPECT_EQ(transformed_products(m, channels, Cache::none), expected);
    });
  }
}

TEST(Cache, SharedOneIsNotSmallerThanALineAndStaysTheSame) {
  const std::int64_t bytes = cpu::shared_cache_bytes();
  EXPECT_EQ(bytes % cpu::cache_line_bytes, 0);
  EXPECT_TRUE(bytes == 0 || bytes >= 1 << 14) << bytes;
  EXPECT_EQ(cpu::shared_cache_bytes(), bytes);
}

}  // namespace
}  // namespace gramgrad::tests
