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

// A matrix [inner, columns] in panels, aligned as the device's memory is.
template <typename T>
class RightMatrix {
 public:
  RightMatrix(std::int64_t inner, std::int64_t elements, std::int64_t columns)
      : memory_(static_cast<std::size_t>(ceil_div(columns, cpu::panel_width()) * elements *
                                         cpu::panel_width()) +
                16) {
    const std::int64_t width = cpu::panel_width();
    T* to = data();
    for (std::int64_t c = 0; c < ceil_div(columns, width) * width; ++c) {
      for (std::int64_t k = 0; k < elements; ++k) {
        to[(c / width * elements + k) * width + c % width] = element_of<T>(
            k, inner, [&](std::int64_t row) { return c < columns ? right_factor(row, c) : 0; });
      }
    }
  }
  T* data() {
    return reinterpret_cast<T*>((reinterpret_cast<std::uintptr_t>(memory_.data()) + 63) / 64 * 64);
  }

 private:
  std::vector<T> memory_;
};

template <typename T>
void expect_exact_products(std::int64_t rows, std::int64_t inner, std::int64_t columns, bool far) {
  constexpr std::int64_t together = std::is_same_v<T, float> ? 1 : 2;
  const std::int64_t elements = ceil_div(inner, together);
  std::vector<T> x;
  for (std::int64_t i = 0; i < rows * elements; ++i) {
    x.push_back(element_of<T>(i % elements, inner,
                              [&](std::int64_t k) { return left_factor(i / elements, k); }));
  }
  RightMatrix<T> b(inner, elements, columns);
  const float untouched = 77;
  for (const bool accumulate : {true, false}) {
    const std::int64_t stride = columns + 3;
    std::vector<float> y(static_cast<std::size_t>(rows * stride),
                         accumulate ? untouched : std::numeric_limits<float>::quiet_NaN());
    for (std::int64_t i = 0; i < rows * stride; ++i) {
      if (i % stride >= columns) {
        y[static_cast<std::size_t>(i)] = untouched;
      }
    }
    cpu::RowProduct<T> product{.x = x.data(),
                               .x_stride = elements,
                               .b = b.data(),
                               .inner = elements,
                               .y = y.data(),
                               .y_stride = stride,
                               .rows = rows,
                               .columns = columns,
                               .accumulate = accumulate,
                               .far_x = far,
                               .far_y = far};
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
      ASSERT_EQ(y[static_cast<std::size_t>(i)], expected)
          << "row " << i / stride << ", column " << column << ", inner " << inner << ", " << columns
          << " columns, accumulate " << accumulate;
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
          expect_exact_products<T>(rows, inner, columns, (rows + columns) % 2 == 0);
        }
      }
    }
  });
}

TEST(Panels, ProductsAreExactWhereSumsAre) {
  expect_exact_products<float>();
}

TEST(Panels, ProductsOfBf16PairsAreExactWhereSumsAre) {
  if (!cpu::multiplies_bf16()) {
    GTEST_SKIP() << "this processor has no instructions that multiply bf16 numbers";
  }
  expect_exact_products<cpu::Bf16Pair>();
}

}  // namespace
}  // namespace gramgrad::tests
