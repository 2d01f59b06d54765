// Contraction over rows: pack a batch of chunks, then compute all tiles of the result from it, and
// so on. A tile belongs to one thread at a time and takes the chunks in order, so the sums do not
// depend on the number of threads.
#include "kernels/cpu/contraction.h"

#include <algorithm>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"

namespace gramgrad::cpu {
namespace {

// Packed floats of a batch: 2 MiB, about a core's cache.
constexpr std::int64_t batch_floats = 1 << 19;

std::int64_t padded_columns(std::int64_t columns) {
  return ceil_div(columns, panel_width()) * panel_width();
}

class Contraction {
 public:
  Contraction(const Device& device, std::int64_t rows, const ContractionOperand& a,
              const ContractionOperand* b)
      : device_(device),
        rows_(rows),
        a_(a),
        b_(b),
        chunk_floats_a_(padded_columns(a.columns) * contraction_chunk),
        chunk_floats_b_(b != nullptr ? padded_columns(b->columns) * contraction_chunk : 0),
        batch_(std::clamp<std::int64_t>(batch_floats / (chunk_floats_a_ + chunk_floats_b_), 1,
                                        std::max<std::int64_t>(1, chunks()))),
        packed_a_(device, batch_ * chunk_floats_a_),
        packed_b_(device, batch_ * chunk_floats_b_) {}

  void add_to(const ContractionSums& sums) const {
    for (std::int64_t first = 0; first < chunks(); first += batch_) {
      const std::int64_t count = std::min(batch_, chunks() - first);
      parallel_for(device_.threads(), count, [&](std::int64_t i) { pack(first + i, i); });
      const std::int64_t columns = b_ != nullptr ? b_->columns : a_.columns;
      const std::int64_t tiles = ceil_div(a_.columns, tile_rows());
      parallel_for(
          device_.threads(), ceil_div(columns, panel_width()) * tiles,
          [&](std::int64_t task) { add_tile(sums, task % tiles, task / tiles, first, count); });
    }
  }

 private:
  std::int64_t chunks() const { return ceil_div(rows_, contraction_chunk); }
  std::int64_t rows_of(std::int64_t chunk) const {
    return std::min(contraction_chunk, rows_ - chunk * contraction_chunk);
  }

  void pack(std::int64_t chunk, std::int64_t slot) const {
    const std::int64_t first = chunk * contraction_chunk;
    a_.pack(first, rows_of(chunk), packed_a_.data() + slot * chunk_floats_a_);
    if (b_ != nullptr) {
      b_->pack(first, rows_of(chunk), packed_b_.data() + slot * chunk_floats_b_);
    }
  }

  void add_tile(const ContractionSums& sums, std::int64_t tile, std::int64_t panel,
                std::int64_t first_chunk, std::int64_t count) const {
    const std::int64_t width = panel_width();
    const std::int64_t i = tile * tile_rows();
    const std::int64_t j = panel * width;
    const bool symmetric = b_ == nullptr;
    if (symmetric && i >= j + width) {
      return;  // below the diagonal
    }
    const float* a = packed_a_.data() + i / width * width * contraction_chunk + i % width;
    const float* b = (symmetric ? packed_a_ : packed_b_).data() + j * contraction_chunk;
    for (std::int64_t slot = 0; slot < count; ++slot) {
      add_transposed_product(a + slot * chunk_floats_a_,
                             b + slot * (symmetric ? chunk_floats_a_ : chunk_floats_b_),
                             rows_of(first_chunk + slot), sums.row(i) + j, sums.stride());
    }
  }

  const Device& device_;
  std::int64_t rows_;
  const ContractionOperand& a_;
  const ContractionOperand* b_;  // null: the same as a
  std::int64_t chunk_floats_a_, chunk_floats_b_;
  std::int64_t batch_;  // chunks packed at a time
  Scratch<float> packed_a_, packed_b_;
};

}  // namespace

ContractionSums::ContractionSums(const Device& device, std::int64_t rows, std::int64_t columns)
    : stride_(padded_columns(columns)), sums_(device, padded_columns(rows) * stride_) {
  std::fill_n(sums_.data(), padded_columns(rows) * stride_, 0.0);
}

ContractionSums contract(const Device& device, std::int64_t rows, const ContractionOperand& a,
                         const ContractionOperand& b) {
  ContractionSums sums(device, a.columns, b.columns);
  Contraction(device, rows, a, &b).add_to(sums);
  return sums;
}

ContractionSums contract_symmetric(const Device& device, std::int64_t rows,
                                   const ContractionOperand& a) {
  ContractionSums sums(device, a.columns, a.columns);
  Contraction(device, rows, a, nullptr).add_to(sums);
  return sums;
}

}  // namespace gramgrad::cpu
