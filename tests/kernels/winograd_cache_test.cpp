// The input transform writes the same numbers to a core's own cache and past all caches, and what
// is known about the caches. panels_test.cpp has the products.
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/cpu/winograd/input_transform.h"
#include "tests/kernels/aligned.h"
#include "tests/kernels/instruction_sets.h"

namespace gramgrad::tests {
namespace {

using cpu::Bf16Pair;
using cpu::Cache;
using cpu::ceil_div;
using cpu::winograd::TileShape;

constexpr std::int64_t height = 11;
constexpr std::int64_t width = 20;
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
                                              const TileShape& tile, Cache cache) {
  constexpr bool rounds = std::is_same_v<T, Bf16Pair>;
  const cpu::MapGradient map{
      .height = height, .width = width, .channels = channels, .dy = x.data()};
  const cpu::TileGrid grid(height, width, tile);
  const std::int64_t inner = ceil_div(channels, rounds ? 2 : 1);
  const std::int64_t elements = tile.products() * cpu::TileMatrices<T>::stride(grid.count(), inner);
  Aligned<T> memory(elements, std::bit_cast<T>(unwritten));
  cpu::transform_input_tiles({map, 1}, grid, {0, grid.count()}, 0,
                             cpu::TileMatrices<T>(memory.data(), grid.count(), inner, cache));
  return bits_of(memory.data(), elements);
}

template <typename T>
void expect_same_inputs(std::int64_t channels_of_a_line, const TileShape& tile) {
  for (const std::int64_t channels : {channels_of_a_line, 3 * channels_of_a_line}) {
    const std::vector<float> x = random_floats("x", height * width * channels);
    for_each_instruction_set([&] {
      EXPECT_EQ(transformed_pixels<T>(x, channels, tile, Cache::none),
                transformed_pixels<T>(x, channels, tile, Cache::own));
    });
  }
}

TEST(WinogradCacheTest, InputsAreTransformedAlike) {
  expect_same_inputs<float>(16, cpu::winograd::wide_tile);
  expect_same_inputs<float>(16, cpu::winograd::large_tile);
}

TEST(WinogradCacheTest, InputsAreRoundedAlike) {
  expect_same_inputs<Bf16Pair>(32, cpu::winograd::small_tile);
}

TEST(Cache, SharedOneIsNoSmallerThanACoresOwn) {
  const std::int64_t bytes = cpu::shared_cache_bytes();
  if (bytes == 0) {
    GTEST_SKIP() << "the system does not say how large its caches are";
  }
  EXPECT_GE(bytes, sysconf(_SC_LEVEL2_CACHE_SIZE));
  EXPECT_LT(bytes, std::int64_t{1} << 40);
}

}  // namespace
}  // namespace gramgrad::tests
