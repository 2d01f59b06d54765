// Contractions of whole numbers, which are exact: packed and in place, with sums of their own for
// each task and with shared ones, on every instruction set and with several threads.
#include "kernels/cpu/contraction.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/whole_numbers.h"

namespace gramgrad::tests {
namespace {

constexpr std::int64_t chunk = cpu::contraction_chunk;
constexpr std::int64_t other_columns = 37;  // of the second operand

// Rows of whole numbers, each matrix with its own; aligned as the device's memory is, or not.
class Matrix {
 public:
  Matrix(std::int64_t rows, std::int64_t columns, int number, bool aligned)
      : columns_(columns),
        number_(number),
        memory_(static_cast<std::size_t>(rows * columns) + 17,
                std::numeric_limits<float>::quiet_NaN()),
        first_((64 - reinterpret_cast<std::uintptr_t>(memory_.data()) % 64) % 64 / sizeof(float) +
               (aligned ? 0 : 1)) {
    for (std::int64_t i = 0; i < rows * columns; ++i) {
      memory_[first_ + static_cast<std::size_t>(i)] =
          static_cast<float>(at(i / columns, i % columns));
    }
  }

  int at(std::int64_t row, std::int64_t column) const {
    return whole_number((row * columns_ + column) * (2 * number_ + 1) + number_);
  }
  cpu::ContractionOperand operand() const {
    return cpu::rows_in_memory(memory_.data() + first_, columns_);
  }

 private:
  std::int64_t columns_;
  int number_;
  std::vector<float> memory_;
  std::size_t first_;
};

// All sums at once, row by row, as the processor likes them.
std::vector<std::int32_t> exact_sums(const Matrix& a, std::int64_t a_columns, const Matrix& b,
                                     std::int64_t b_columns, std::int64_t rows) {
  std::vector<std::int32_t> sums(static_cast<std::size_t>(a_columns * b_columns));
  std::vector<std::int32_t> right(static_cast<std::size_t>(b_columns));
  for (std::int64_t p = 0; p < rows; ++p) {
    for (std::int64_t j = 0; j < b_columns; ++j) {
      right[static_cast<std::size_t>(j)] = b.at(p, j);
    }
    for (std::int64_t i = 0; i < a_columns; ++i) {
      const std::int32_t left = a.at(p, i);
      for (std::size_t j = 0; j < right.size(); ++j) {
        sums[static_cast<std::size_t>(i) * right.size() + j] += left * right[j];
      }
    }
  }
  return sums;
}

void expect_exact_sums(std::int64_t rows, std::int64_t columns, bool aligned) {
  const Matrix a(rows, columns, 0, aligned);
  const Matrix b(rows, other_columns, 1, aligned);
  const auto squares = exact_sums(a, columns, a, columns, rows);
  const auto products = exact_sums(a, columns, b, other_columns, rows);
  for_each_instruction_set([&] {
    for (const int threads : {1, 3}) {
      SCOPED_TRACE(testing::Message() << rows << " rows, " << columns << " columns, threads "
                                      << threads << (aligned ? "" : ", not aligned"));
      const Device device = Device::cpu(threads);
      const auto symmetric = cpu::contract_symmetric(device, rows, a.operand());
      const auto both = cpu::contract(device, rows, a.operand(), b.operand());
      for (std::int64_t i = 0; i < columns; ++i) {
        for (std::int64_t j = i; j < columns; ++j) {
          ASSERT_EQ(symmetric.row(i)[j], squares[static_cast<std::size_t>(i * columns + j)])
              << "row " << i << ", column " << j;
        }
        for (std::int64_t j = 0; j < other_columns; ++j) {
          ASSERT_EQ(both.row(i)[j], products[static_cast<std::size_t>(i * other_columns + j)])
              << "row " << i << ", column " << j;
        }
      }
    }
  });
}

TEST(Contraction, SumsOfWholeNumbersAreExact) {
  for (const std::int64_t rows : {std::int64_t{1}, chunk, chunk + 1, 3 * chunk - 5}) {
    for (const std::int64_t columns : {1, 19, 64, 128, 131}) {
      expect_exact_sums(rows, columns, true);
    }
  }
  // More chunks than tasks that have sums of their own.
  expect_exact_sums(21 * chunk + 7, 32, true);
  expect_exact_sums(21 * chunk + 7, 5, true);
  // Read in place by tiles, in smaller chunks.
  expect_exact_sums(chunk + 201, 320, true);
}

TEST(Contraction, RowsThatAreNotAlignedCount) {
  expect_exact_sums(2 * chunk + 3, 64, false);
  expect_exact_sums(chunk + 3, 160, false);
}

}  // namespace
}  // namespace gramgrad::tests
