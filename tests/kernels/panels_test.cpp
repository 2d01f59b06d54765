// Transposing a packed matrix panel by panel, and products of rows, on every instruction set that
// the processor has.
#include "kernels/cpu/panels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/cpu/ceil_div.h"
#include "tests/kernels/aligned.h"
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
      Aligned<float> memory(padded * (rows + width), std::numeric_limits<float>::quiet_NaN());
      float* packed = memory.data();
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
// Element k of a row of factors: one number, or a pair; 0 where there is none.
template <typename T, typename Number>
T element_of(std::int64_t k, std::int64_t inner, const Number& number) {
  if constexpr (std::is_same_v<T, float>) {
    return static_cast<float>(number(k));
  } else {
    return {to_bf16(static_cast<float>(number(2 * k))),
            to_bf16(2 * k + 1 < inner ? static_cast<float>(number(2 * k + 1)) : 0.0F)};
  }
}

// A matrix [inner, columns] in panels.
template <typename T>
Aligned<T> right_matrix(std::int64_t inner, std::int64_t elements, std::int64_t columns) {
  const std::int64_t width = cpu::panel_width();
  const std::int64_t padded = ceil_div(columns, width) * width;
  Aligned<T> panels(padded * elements, T{});
  T* to = panels.data();
  for (std::int64_t c = 0; c < padded; ++c) {
    for (std::int64_t k = 0; k < elements; ++k) {
      to[(c / width * elements + k) * width + c % width] = element_of<T>(
          k, inner, [&](std::int64_t row) { return c < columns ? right_factor(row, c) : 0; });
    }
  }
  return panels;
}

template <typename T>
void expect_exact_products(std::int64_t rows, std::int64_t inner, std::int64_t columns,
                           cpu::Cache cache) {
  constexpr std::int64_t together = std::is_same_v<T, float> ? 1 : 2;
  const std::int64_t elements = ceil_div(inner, together);
  std::vector<T> x;
  for (std::int64_t i = 0; i < rows * elements; ++i) {
    x.push_back(element_of<T>(i % elements, inner,
                              [&](std::int64_t k) { return left_factor(i / elements, k); }));
  }
  Aligned<T> b = right_matrix<T>(inner, elements, columns);
  const bool far = cache != cpu::Cache::own;
  const bool whole_lines = cache == cpu::Cache::none;
  const float untouched = 77;
  for (const bool accumulate : {true, false}) {
    if (accumulate && whole_lines) {
      continue;
    }
    const std::int64_t stride = whole_lines ? ceil_div(columns, 16) * 16 + 16 : columns + 3;
    Aligned<float> memory(rows * stride,
                          accumulate ? untouched : std::numeric_limits<float>::quiet_NaN());
    float* y = memory.data();
    for (std::int64_t i = 0; i < rows * stride; ++i) {
      if (i % stride >= columns) {
        y[i] = untouched;
      }
    }
    cpu::RowProduct<T> product{.x = x.data(),
                               .x_stride = elements,
                               .b = b.data(),
                               .inner = elements,
                               .y = y,
                               .y_stride = stride,
                               .rows = rows,
                               .columns = columns,
                               .accumulate = accumulate,
                               .far_x = far,
                               .y_cache = cache};
    if (far) {
      product.next = {.memory = b.data(), .rows = std::min<std::int64_t>(elements, 5), .stride = 1};
    }
    cpu::multiply_rows(product);
    for (std::int64_t i = 0; i < rows * stride; ++i) {
      const std::int64_t column = i % stride;
      float expected = untouched;
      if (column < columns) {
        int sum = accumulate ? static_cast<int>(untouched) : 0;
        for (std::int64_t k = 0; k < inner; ++k) {
          sum += left_factor(i / stride, k) * right_factor(k, column);
        }
        expected = static_cast<float>(sum);
      }
      ASSERT_EQ(y[i], expected) << "row " << i / stride << ", column " << column << ", inner "
                                << inner << ", " << columns << " columns, accumulate "
                                << accumulate;
    }
  }
}

// Every number of rows from one to more than two tiles; one panel, two, and parts of a third.
template <typename T>
void expect_exact_products() {
  for_each_instruction_set([] {
    const std::int64_t width = cpu::panel_width();
    for (const std::int64_t inner : {1, 2, 17, 64, 131}) {
      for (std::int64_t rows = 1; rows <= 2 * cpu::product_rows() + 1; ++rows) {
        for (const std::int64_t columns : {std::int64_t{1}, width, width + 1, 2 * width - 1,
                                           2 * width, 3 * width, 3 * width + 2}) {
          for (const auto cache : {cpu::Cache::own, cpu::Cache::shared, cpu::Cache::none}) {
            expect_exact_products<T>(rows, inner, columns, cache);
          }
        }
      }
    }
  });
}

TEST(Panels, ProductsAreExactWhereSumsAre) {
  expect_exact_products<float>();
}

// Bias, ReLU and the mask of whole panels, in every number of rows, wherever the result goes.
void expect_finished_products(std::int64_t rows, std::int64_t columns, cpu::Cache cache,
                              bool with_mask) {
  constexpr std::int64_t inner = 17;
  std::vector<float> x;
  for (std::int64_t i = 0; i < rows * inner; ++i) {
    x.push_back(static_cast<float>(left_factor(i / inner, i % inner)));
  }
  Aligned<float> b = right_matrix<float>(inner, inner, columns);
  std::vector<float> bias;
  for (std::int64_t c = 0; c < columns; ++c) {
    bias.push_back(static_cast<float>(10 * small(c + 2)));
  }
  const std::int64_t stride = ceil_div(columns, 16) * 16;
  const std::int64_t mask_stride = ceil_div(columns, 8) + 1;
  Aligned<float> y(rows * stride, std::numeric_limits<float>::quiet_NaN());
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(rows * mask_stride), 0xff);
  const cpu::BiasAndRelu finish{bias.data(), with_mask ? mask.data() : nullptr, mask_stride};
  cpu::multiply_rows(cpu::RowProduct<float>{.x = x.data(),
                                            .x_stride = inner,
                                            .b = b.data(),
                                            .inner = inner,
                                            .y = y.data(),
                                            .y_stride = stride,
                                            .rows = rows,
                                            .columns = columns,
                                            .accumulate = false,
                                            .finish = &finish,
                                            .next_x = x.data(),
                                            .y_cache = cache});
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      float sum = bias[static_cast<std::size_t>(c)];
      for (std::int64_t k = 0; k < inner; ++k) {
        sum += static_cast<float>(left_factor(r, k) * right_factor(k, c));
      }
      ASSERT_EQ(y.data()[r * stride + c], std::max(sum, 0.0F)) << "row " << r << ", column " << c;
      const int byte = mask[static_cast<std::size_t>(r * mask_stride + c / 8)];
      ASSERT_EQ(byte >> (c % 8) & 1, !with_mask || sum > 0) << "row " << r << ", column " << c;
    }
  }
}

TEST(Panels, FinishedProductsAreExactWhereSumsAre) {
  for_each_instruction_set([] {
    for (std::int64_t rows = 1; rows <= 2 * cpu::product_rows() + 1; ++rows) {
      for (const std::int64_t panels : {1, 2, 3}) {
        for (const auto cache : {cpu::Cache::own, cpu::Cache::shared, cpu::Cache::none}) {
          for (const bool with_mask : {true, false}) {
            expect_finished_products(rows, panels * cpu::panel_width(), cache, with_mask);
          }
        }
      }
    }
  });
}

TEST(Panels, ProductsOfBf16PairsAreExactWhereSumsAre) {
  if (!cpu::multiplies_bf16()) {
    GTEST_SKIP() << "this processor has no instructions that multiply bf16 numbers";
  }
  expect_exact_products<cpu::Bf16Pair>();
}

}  // namespace
}  // namespace gramgrad::tests
