// Transposing a packed matrix panel by panel, and products of rows, on every instruction set that
// the processor has.
#include "kernels/cpu/panels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/cpu/ceil_div.h"
#include "tests/kernels/instruction_sets.h"

namespace gramgrad::tests {
namespace {

using cpu::ceil_div;

// Every number is its own, so that none can stand in for another.
float number(std::int64_t row, std::int64_t column) {
  return static_cast<float>(1 + row * 1000 + column);
}

TEST(Panels, TransposedPanelHasTheRowsOfThePackedMatrix) {
  for_each_instruction_set([] {
    const std::int64_t width = cpu::panel_width();
    for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{2 * width, 3 * width},
                                        {2 * width + 5, width + 3},
                                        {1, 1}}) {
      std::vector<float> x;
      for (std::int64_t i = 0; i < rows * columns; ++i) {
        x.push_back(number(i / columns, i % columns));
      }
      const std::int64_t padded = ceil_div(columns, width) * width;
      // Aligned as the device's memory is.
      std::vector<float> memory(static_cast<std::size_t>(padded * (rows + width)) + 32,
                                std::numeric_limits<float>::quiet_NaN());
      auto* packed = reinterpret_cast<float*>(
          (reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64);
      float* transposed = packed + padded * rows;
      cpu::pack_panels(x.data(), rows, columns, packed, rows);
      for (std::int64_t panel = 0; panel < ceil_div(rows, width); ++panel) {
        std::fill_n(transposed, padded * width, std::numeric_limits<float>::quiet_NaN());
        cpu::transpose_panel(packed, rows, columns, panel, transposed);
        for (std::int64_t i = 0; i < columns * width; ++i) {
          const std::int64_t row = panel * width + i % width;
          const float expected = row < rows ? number(row, i / width) : 0.0F;
          ASSERT_EQ(transposed[i], expected) << "panel " << panel << ", element " << i;
        }
      }
    }
  });
}

// Whole numbers from -8 to 8, whose products and sums are exact in f32.
int small(std::int64_t i) {
  return static_cast<int>(i * 7919 % 17) - 8;
}
int left_factor(std::int64_t row, std::int64_t k) {
  return small(31 * row + 3 * k + 1);
}
int right_factor(std::int64_t k, std::int64_t column) {
  return small(53 * k + 11 * column + 5);
}
template <typename Number>
cpu::Bf16Pair pair_of(std::int64_t k, std::int64_t inner, const Number& number) {
  return {to_bf16(static_cast<float>(number(2 * k))),
          to_bf16(2 * k + 1 < inner ? static_cast<float>(number(2 * k + 1)) : 0.0F)};
}

void expect_products_of_pairs(std::int64_t rows, std::int64_t inner, std::int64_t columns) {
  const std::int64_t width = cpu::panel_width();
  const std::int64_t pairs = ceil_div(inner, 2);
  std::vector<cpu::Bf16Pair> x;
  for (std::int64_t i = 0; i < rows * pairs; ++i) {
    x.push_back(
        pair_of(i % pairs, inner, [&](std::int64_t k) { return left_factor(i / pairs, k); }));
  }
  std::vector<cpu::Bf16Pair> memory(static_cast<std::size_t>(pairs * width + 16));
  auto* b = reinterpret_cast<cpu::Bf16Pair*>(
      (reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64);
  for (std::int64_t i = 0; i < pairs * width; ++i) {
    b[i] = pair_of(i / width, inner, [&](std::int64_t k) { return right_factor(k, i % width); });
  }
  std::vector<float> y(static_cast<std::size_t>(rows * columns), 1);
  for (const bool accumulate : {true, false}) {
    cpu::multiply_rows(cpu::RowProduct<cpu::Bf16Pair>{.x = x.data(),
                                                      .x_stride = pairs,
                                                      .b = b,
                                                      .inner = pairs,
                                                      .y = y.data(),
                                                      .y_stride = columns,
                                                      .rows = rows,
                                                      .columns = columns,
                                                      .accumulate = accumulate});
    for (std::int64_t i = 0; i < rows * columns; ++i) {
      int expected = accumulate ? 1 : 0;
      for (std::int64_t k = 0; k < inner; ++k) {
        expected += left_factor(i / columns, k) * right_factor(k, i % columns);
      }
      ASSERT_EQ(y[static_cast<std::size_t>(i)], static_cast<float>(expected))
          << "row " << i / columns << ", column " << i % columns << ", inner " << inner;
    }
  }
}

TEST(Panels, ProductsOfBf16PairsAreExactWhereSumsAre) {
  if (!cpu::multiplies_bf16()) {
    GTEST_SKIP() << "this processor has no instructions that multiply bf16 numbers";
  }
  for_each_instruction_set([] {
    for (const std::int64_t inner : {1, 2, 17, 64, 131}) {
      for (const std::int64_t rows : {1, 7, 8, 21}) {
        expect_products_of_pairs(rows, inner, cpu::panel_width());
        expect_products_of_pairs(rows, inner, 1);
      }
    }
  });
}

}  // namespace
}  // namespace gramgrad::tests
