// The stages of Winograd's convolution in bf16: numbers are rounded to the nearest, and pairs lie
// where the products expect them. winograd_test.cpp has the whole.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/cpu/map_gradient.h"
#include "kernels/cpu/winograd/input_transform.h"
#include "kernels/cpu/winograd/weights.h"
#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/winograd_matrices.h"

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

constexpr cpu::winograd::TileShape bf16_tile = cpu::winograd::small_tile;
constexpr std::int64_t bf16_products = bf16_tile.products();

// The pixels that a tile sees of channel c; zeros outside the map.
Matrix<6, 6> pixels_of(const std::vector<float>& map, const cpu::MapGradient& size,
                       const cpu::TileGrid& grid, std::int64_t tile, std::int64_t c) {
  Matrix<6, 6> d{};
  for (std::int64_t i = 0; i < 6; ++i) {
    for (std::int64_t j = 0; j < 6; ++j) {
      const std::int64_t y = grid.top(tile) + i - 1;
      const std::int64_t x = grid.left(tile) + j - 1;
      if (y >= 0 && x >= 0 && y < size.height && x < size.width) {
        d[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] =
            map[static_cast<std::size_t>((y * size.width + x) * size.channels + c)];
      }
    }
  }
  return d;
}

double rounded(double value) {
  return to_f32(to_bf16(static_cast<float>(value)));
}

// Each number is the bf16 one nearest to what f32 had: to the exact one within the f32 roundings of
// two transforms, four each, relative to the sum of absolute values. So nearly always there is one
// bf16 number that will do. What is not finite stays so.
void expect_rounded_tiles(const cpu::MapGradient& map) {
  const cpu::TileGrid grid(map.height, map.width, bf16_tile);
  const std::int64_t pairs = (map.channels + 1) / 2;
  using Pairs = cpu::TileMatrices<Bf16Pair>;
  std::vector<Bf16Pair> memory(
      static_cast<std::size_t>(bf16_products * Pairs::stride(grid.count(), pairs)), poison);
  const Pairs v(memory.data(), grid.count(), pairs);
  cpu::transform_input_tiles({map, 1}, grid, {0, grid.count()}, 0, v);
  std::vector<float> whole(static_cast<std::size_t>(map.height * map.width * map.channels));
  const std::int64_t row = map.width * map.channels;
  for (std::int64_t h = 0; h < map.height; ++h) {
    cpu::write_gradient_row(map, h, whole.data() + h * row, WriteMode::assign);
  }
  for (std::int64_t tile = 0; tile < grid.count(); ++tile) {
    for (std::int64_t c = 0; c < 2 * pairs; ++c) {
      const auto d = c < map.channels ? pixels_of(whole, map, grid, tile, c) : Matrix<6, 6>{};
      const auto exact = transformed_input(d, [](double term) { return term; });
      const auto magnitude = transformed_input(d, [](double term) { return std::abs(term); });
      for (std::int64_t product = 0; product < bf16_products; ++product) {
        const auto i = static_cast<std::size_t>(product / 6);
        const auto j = static_cast<std::size_t>(product % 6);
        const double actual = to_f32(half_of(v.row(product, tile)[c / 2], c));
        SCOPED_TRACE(testing::Message() << "product " << product << ", tile " << tile
                                        << ", channel " << c << " of " << map.channels);
        if (std::isfinite(magnitude[i][j])) {
          const double f32_error = 8 * 0x1p-24 * magnitude[i][j];
          ASSERT_GE(actual, rounded(exact[i][j] - f32_error));
          ASSERT_LE(actual, rounded(exact[i][j] + f32_error));
        } else {
          ASSERT_FALSE(std::isfinite(actual));
        }
      }
    }
  }
}

TEST_F(Bf16Stages, TilesAreRounded) {
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

// Twice: G g G^T in f64 to f32, and that to bf16.
TEST_F(Bf16Stages, WeightsAreRounded) {
  const Shape shape{35, 3, 3, 17};
  const std::vector<float> w = numbers("w", shape);
  for_each_instruction_set([&] {
    for (const auto direction :
         {cpu::WeightOrientation::plain, cpu::WeightOrientation::transposed}) {
      const bool plain = direction == cpu::WeightOrientation::plain;
      const cpu::WinogradWeights weights(shape, direction, DType::bf16, {1, 9, 9, 1}, 1);
      ASSERT_EQ(weights.packed, direction);
      ASSERT_EQ(weights.inner(), (weights.from + 1) / 2);
      std::vector<Bf16Pair> u(static_cast<std::size_t>(weights.elements()), poison);
      cpu::transform_weights(2, w.data(), shape, weights, u.data());
      const std::int64_t width = cpu::panel_width();
      for (std::int64_t i = 0; i < weights.panels() * bf16_products; ++i) {
        const std::int64_t product = i / weights.panels();
        const Bf16Pair* panel = u.data() + i * weights.inner() * width;
        for (std::int64_t row = 0; row < 2 * weights.inner(); ++row) {
          for (std::int64_t place = 0; place < width; ++place) {
            const std::int64_t column = i % weights.panels() * width + place;
            double value = 0;
            if (row < weights.from && column < weights.to) {
              const auto tap = [&](std::size_t r, std::size_t s) {
                const std::size_t number = plain ? 3 * r + s : 8 - (3 * r + s);
                const std::int64_t output = plain ? column : row;
                const std::int64_t input = plain ? row : column;
                return w[static_cast<std::size_t>(
                    (output * 9 + static_cast<std::int64_t>(number)) * shape[3] + input)];
              };
              value = transformed_filter<bf16_tile>(tap, static_cast<std::size_t>(product / 6),
                                                    static_cast<std::size_t>(product % 6));
            }
            ASSERT_EQ(half_of(panel[row / 2 * width + place], row).bits,
                      to_bf16(static_cast<float>(value)).bits)
                << "product " << product << ", row " << row << ", column " << column;
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace gramgrad::tests
