// The stages of Winograd's convolution in bf16, bit for bit: what is rounded is what f32 has there,
// and pairs lie where the products expect them. winograd_test.cpp has the whole.
#include <gtest/gtest.h>

#include <limits>

#include "kernels/cpu/winograd/input_transform.h"
#include "kernels/cpu/winograd/weights.h"
#include "tests/kernels/instruction_sets.h"

namespace gramgrad::tests {
namespace {

using cpu::Bf16Pair;

// NaN, so that what is not written is found.
constexpr Bf16Pair poison{{0x7fff}, {0x7fff}};

Bf16 half_of(const Bf16Pair& pair, std::int64_t number) {
  return number % 2 == 0 ? pair.first : pair.second;
}

class Bf16Stages : public testing::Test {
 protected:
  void SetUp() override {
    if (!cpu::multiplies_bf16()) {
      GTEST_SKIP() << "this processor has no instructions that multiply bf16 numbers";
    }
  }
};

std::vector<float> numbers(const char* name, const Shape& shape) {
  return Inputs(Device::reference(), {.seed = test_seed()}).values(name, shape).to_host<float>();
}
std::vector<std::uint8_t> bytes(const char* name, const Shape& shape, int below) {
  return Inputs(Device::reference(), {.seed = test_seed()})
      .bytes(name, shape, below)
      .to_host<std::uint8_t>();
}

void expect_rounded_tiles(const cpu::MapGradient& map) {
  const cpu::TileGrid grid(map.height, map.width);
  const std::int64_t pairs = (map.channels + 1) / 2;
  using Whole = cpu::TileMatrices<float>;
  using Pairs = cpu::TileMatrices<Bf16Pair>;
  std::vector<float> in_f32(static_cast<std::size_t>(Whole::elements(grid.count(), map.channels)),
                            nan);
  std::vector<Bf16Pair> in_bf16(static_cast<std::size_t>(Pairs::elements(grid.count(), pairs)),
                                poison);
  const Whole whole(in_f32.data(), grid.count(), map.channels);
  const Pairs rounded(in_bf16.data(), grid.count(), pairs);
  cpu::transform_input_tiles({map, 1}, grid, {0, grid.count()}, 0, whole);
  cpu::transform_input_tiles({map, 1}, grid, {0, grid.count()}, 0, rounded);
  for (std::int64_t product = 0; product < cpu::winograd::products; ++product) {
    for (std::int64_t tile = 0; tile < grid.count(); ++tile) {
      for (std::int64_t c = 0; c < 2 * pairs; ++c) {
        const float value = c < map.channels ? whole.row(product, tile)[c] : 0.0F;
        ASSERT_EQ(half_of(rounded.row(product, tile)[c / 2], c).bits, to_bf16(value).bits)
            << "product " << product << ", tile " << tile << ", channel " << c << " of "
            << map.channels;
      }
    }
  }
}

TEST_F(Bf16Stages, TilesAreThoseOfF32Rounded) {
  constexpr std::int64_t height = 11;
  constexpr std::int64_t width = 10;
  for (const std::int64_t channels : {1, 16, 17, 33, 40, 67}) {
    std::vector<float> dy = numbers("dy", {height, width, channels});
    dy[5] = nan;
    dy[dy.size() / 2] = inf;
    dy[dy.size() - 1] = -inf;
    const auto dpooled = numbers("dpooled", {height / 2, width / 2, channels});
    const auto winners = bytes("winners", {height / 2, width / 2, channels}, 4);
    const auto mask = bytes("mask", {height, width, (channels + 7) / 8}, 256);
    for_each_instruction_set([&] {
      const cpu::MapGradient plain{
          .height = height, .width = width, .channels = channels, .dy = dy.data()};
      expect_rounded_tiles(plain);
      cpu::MapGradient all = plain;
      all.relu_mask = mask.data();
      all.pooled_height = height / 2;
      all.pooled_width = width / 2;
      all.dpooled = dpooled.data();
      all.winners = winners.data();
      expect_rounded_tiles(all);
    });
  }
}

TEST_F(Bf16Stages, WeightsAreThoseOfF32Rounded) {
  const Shape shape{35, 3, 3, 17};  // small: in f32 too packed for each direction
  const std::vector<float> w = numbers("w", shape);
  for_each_instruction_set([&] {
    for (const auto direction :
         {cpu::WeightOrientation::plain, cpu::WeightOrientation::transposed}) {
      const cpu::WinogradWeights whole(shape, direction, DType::f32);
      const cpu::WinogradWeights rounded(shape, direction, DType::bf16);
      std::vector<float> in_f32(static_cast<std::size_t>(whole.elements()), nan);
      std::vector<Bf16Pair> in_bf16(static_cast<std::size_t>(rounded.elements()), poison);
      cpu::transform_weights(2, w.data(), shape, whole, in_f32.data());
      cpu::transform_weights(2, w.data(), shape, rounded, in_bf16.data());
      ASSERT_EQ(rounded.packed, direction);
      ASSERT_EQ(rounded.inner(), (whole.from + 1) / 2);
      const std::int64_t width = cpu::panel_width();
      for (std::int64_t i = 0; i < whole.panels() * cpu::winograd::products; ++i) {
        const float* floats = in_f32.data() + i * whole.from * width;
        const Bf16Pair* pairs = in_bf16.data() + i * rounded.inner() * width;
        for (std::int64_t row = 0; row < 2 * rounded.inner(); ++row) {
          for (std::int64_t column = 0; column < width; ++column) {
            const float value = row < whole.from ? floats[row * width + column] : 0.0F;
            ASSERT_EQ(half_of(pairs[row / 2 * width + column], row).bits, to_bf16(value).bits)
                << "panel " << i << ", row " << row << ", column " << column;
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace gramgrad::tests
