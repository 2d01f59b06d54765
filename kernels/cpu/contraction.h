// sums[i][j] = sum_p a[p][i] b[p][j] over many rows p: a Gram matrix (a = b = features), or a
// gradient of weights (a = gradients, b = windows of the input).
#pragma once

#include <functional>

#include "kernels/cpu/scratch.h"

namespace gramgrad::cpu {

// The rows of a tall matrix.
struct ContractionOperand {
  std::int64_t columns;
  // Packs `count` rows from `first` on into panels of `panel_rows` rows. Called by several threads
  // at once; must not throw.
  std::function<void(std::int64_t first, std::int64_t count, float* panels,
                     std::int64_t panel_rows)>
      pack;
  // All rows, where micro-kernels can read them without packing; else null.
  const float* in_place = nullptr;
};
// Rows of `columns` floats, one after the other.
ContractionOperand rows_in_memory(const float* rows, std::int64_t columns);

// Rows that are summed in f32 before they are added to f64 sums, one chunk after the other, at
// most.
constexpr std::int64_t contraction_chunk = 512;

// The sums, f64. Elements outside the result are of no meaning.
class ContractionSums {
 public:
  ContractionSums(const Device& device, std::int64_t rows, std::int64_t columns);
  double* row(std::int64_t i) const { return sums_.data() + i * stride_; }
  std::int64_t stride() const { return stride_; }

 private:
  std::int64_t stride_;
  Scratch<double> sums_;
};

ContractionSums contract(const Device& device, std::int64_t rows, const ContractionOperand& a,
                         const ContractionOperand& b);
// a = b: only elements with i <= j are computed.
ContractionSums contract_symmetric(const Device& device, std::int64_t rows,
                                   const ContractionOperand& a);

}  // namespace gramgrad::cpu
