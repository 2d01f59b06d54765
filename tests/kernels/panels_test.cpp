// Transposing a packed matrix panel by panel, on every instruction set that the processor has.
#include "kernels/cpu/panels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "tests/kernels/instruction_sets.h"

namespace gramgrad::tests {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

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

}  // namespace
}  // namespace gramgrad::tests
