// Contraction over rows. Small results: tasks take some of the chunks each, into sums of their own,
// which are added up at the end. Large ones: tasks take tiles of the result; what has to be packed
// for them is packed in batches of chunks. Every sum takes its chunks in an order that does not
// depend on the number of threads.
#include "kernels/cpu/contraction.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"

namespace gramgrad::cpu {
namespace {

// Floats of a chunk that is read in place: half of a core's own cache. The other half is for the
// next one.
constexpr std::int64_t chunk_floats = 1 << 17;
constexpr std::int64_t fewest_chunk_rows = 128;
// Floats of a batch of packed chunks: 2 MiB.
constexpr std::int64_t batch_floats = 1 << 19;
// A task takes so many tiles, which lie one below the other and share columns of b.
constexpr std::int64_t tiles_together = 8;
constexpr std::int64_t tiles_together_in_place = 16;
// Where each task has sums of its own: so many tasks, and at most so many sums for all.
constexpr std::int64_t most_groups = 16;
constexpr std::int64_t most_group_columns = 128;
constexpr std::int64_t most_group_sums = most_groups * most_group_columns * most_group_columns;

// A chunk's rows as micro-kernels read them: in panels, or in place.
struct ChunkRows {
  const float* first;
  std::int64_t panel_stride, row_stride;

  Rows columns_from(std::int64_t column) const {
    const std::int64_t width = panel_width();
    return {first + column / width * panel_stride + column % width, row_stride};
  }
};

class Contraction {
 public:
  // b null: the same as a.
  Contraction(const Device& device, std::int64_t rows, const ContractionOperand& a,
              const ContractionOperand* b)
      : device_(device),
        rows_(rows),
        a_(a),
        b_(b != nullptr ? *b : a),
        symmetric_(b == nullptr),
        nothing_packed_(symmetric_ && a_.in_place != nullptr),
        chunk_rows_(nothing_packed_ ? std::clamp(chunk_floats / a_.columns, fewest_chunk_rows,
                                                 contraction_chunk)
                                    : std::clamp<std::int64_t>(rows, 1, contraction_chunk)) {
    const std::int64_t width = panel_width();
    for (std::int64_t j = 0; j < b_.columns; j += width) {
      const std::int64_t end = symmetric_ ? std::min(a_.columns, j + width) : a_.columns;
      for (std::int64_t i = 0; i < end; i += contraction_rows()) {
        tiles_.push_back({i, j, symmetric_ && i >= j + width / 2});
      }
    }
  }

  ContractionSums sums() const {
    ContractionSums sums(device_, a_.columns, b_.columns);
    const std::int64_t size = padded_columns(a_.columns) * padded_columns(b_.columns);
    if (chunks() > 1 && size * most_groups <= most_group_sums) {
      add_in_groups(sums);
    } else {
      add_in_tiles(sums);
    }
    return sums;
  }

 private:
  // Of the result: its first row and column.
  struct Tile {
    std::int64_t i, j;
    bool second_half;  // on the diagonal: the first half of the columns lies below it
  };

  // Memory for `count` packed chunks of both operands.
  struct Packed {
    Packed(const Contraction& all, std::int64_t count)
        : a(all.device_, count * all.packed_floats(all.a_)),
          b(all.device_, all.symmetric_ ? 0 : count * all.packed_floats(all.b_)) {}
    Scratch<float> a, b;
  };

  // Where chunks of another operand are packed, rows in place that lie far apart meet in few sets
  // of the cache.
  bool in_place(const ContractionOperand& operand) const {
    return operand.in_place != nullptr &&
           (nothing_packed_ || operand.columns <= most_group_columns);
  }
  std::int64_t packed_floats(const ContractionOperand& operand) const {
    return in_place(operand) ? 0 : padded_columns(operand.columns) * chunk_rows_;
  }
  std::int64_t chunks() const { return ceil_div(rows_, chunk_rows_); }
  std::int64_t rows_of(std::int64_t chunk) const {
    return std::min(chunk_rows_, rows_ - chunk * chunk_rows_);
  }

  void add_in_groups(const ContractionSums& sums) const {
    const std::int64_t groups = std::min(chunks(), most_groups);
    const int threads = device_.threads();
    std::vector<ContractionSums> parts;
    for (std::int64_t group = 1; group < groups; ++group) {
      parts.emplace_back(device_, a_.columns, b_.columns);
    }
    const Packed packed(*this, threads);
    parallel_for_slots(threads, groups, [&](std::int64_t group, int slot) {
      const ContractionSums& own = group == 0 ? sums : parts[static_cast<std::size_t>(group - 1)];
      const std::int64_t begin = group * chunks() / groups;
      const std::int64_t end = (group + 1) * chunks() / groups;
      for (std::int64_t chunk = begin; chunk < end; ++chunk) {
        pack(chunk, packed, slot);
        for (const Tile& tile : tiles_) {
          add_tile(own, tile, chunk, packed, slot, chunk != begin);
        }
      }
    });
    parallel_for(threads, a_.columns, [&](std::int64_t i) {
      for (const ContractionSums& part : parts) {
        for (std::int64_t j = symmetric_ ? i : 0; j < b_.columns; ++j) {
          sums.row(i)[j] += part.row(i)[j];
        }
      }
    });
  }

  void add_in_tiles(const ContractionSums& sums) const {
    const std::int64_t packed_chunk = packed_floats(a_) + (symmetric_ ? 0 : packed_floats(b_));
    const std::int64_t batch =
        nothing_packed_ ? chunks()
                        : std::clamp<std::int64_t>(batch_floats / packed_chunk, 1, chunks());
    const Packed packed(*this, batch);
    for (std::int64_t first = 0; first < chunks(); first += batch) {
      const std::int64_t count = std::min(batch, chunks() - first);
      if (!nothing_packed_) {
        parallel_for(device_.threads(), count, [&](std::int64_t i) { pack(first + i, packed, i); });
      }
      parallel_ranges(device_.threads(), std::ssize(tiles_),
                      nothing_packed_ ? tiles_together_in_place : tiles_together,
                      [&](std::int64_t begin, std::int64_t end) {
                        for (std::int64_t i = 0; i < count; ++i) {
                          for (std::int64_t tile = begin; tile < end; ++tile) {
                            add_tile(sums, tiles_[static_cast<std::size_t>(tile)], first + i,
                                     packed, i, first + i > 0);
                          }
                        }
                      });
    }
  }

  void pack(const ContractionOperand& operand, std::int64_t chunk, float* to) const {
    if (!in_place(operand)) {
      operand.pack(chunk * chunk_rows_, rows_of(chunk), to, chunk_rows_);
    }
  }
  void pack(std::int64_t chunk, const Packed& packed, std::int64_t slot) const {
    pack(a_, chunk, packed.a.data() + slot * packed_floats(a_));
    if (!symmetric_) {
      pack(b_, chunk, packed.b.data() + slot * packed_floats(b_));
    }
  }

  ChunkRows rows(const ContractionOperand& operand, std::int64_t chunk, const float* packed,
                 std::int64_t slot) const {
    const std::int64_t width = panel_width();
    if (in_place(operand)) {
      return {operand.in_place + chunk * chunk_rows_ * operand.columns, width, operand.columns};
    }
    return {packed + slot * packed_floats(operand), width * chunk_rows_, width};
  }

  void add_tile(const ContractionSums& sums, const Tile& tile, std::int64_t chunk,
                const Packed& packed, std::int64_t slot, bool accumulate) const {
    const ChunkRows a_rows = rows(a_, chunk, packed.a.data(), slot);
    const ChunkRows b_rows = symmetric_ ? a_rows : rows(b_, chunk, packed.b.data(), slot);
    const Rows a = a_rows.columns_from(tile.i);
    // The same columns of the chunk after this: the tiles of a panel bring it all.
    const bool brings_next = in_place(a_) && chunk + 1 < chunks();
    add_transposed_product({.a = a,
                            .b = b_rows.columns_from(tile.j),
                            .count = rows_of(chunk),
                            .sums = sums.row(tile.i) + tile.j,
                            .sums_stride = sums.stride(),
                            .accumulate = accumulate,
                            .second_half = tile.second_half,
                            .ahead = brings_next
                                         ? BytesAhead{a.first + chunk_rows_ * a.stride,
                                                      a.stride * std::int64_t{sizeof(float)}}
                                         : BytesAhead{}});
  }

  const Device& device_;
  std::int64_t rows_;
  const ContractionOperand& a_;
  const ContractionOperand& b_;
  bool symmetric_;
  bool nothing_packed_;
  std::int64_t chunk_rows_;  // of all but the last chunk
  std::vector<Tile> tiles_;
};

}  // namespace

ContractionOperand rows_in_memory(const float* rows, std::int64_t columns) {
  // Micro-kernels load whole aligned vectors.
  constexpr std::uintptr_t vector_bytes = 64;
  const bool in_place =
      columns % panel_width() == 0 && reinterpret_cast<std::uintptr_t>(rows) % vector_bytes == 0;
  return {.columns = columns,
          .pack =
              [=](std::int64_t first, std::int64_t count, float* panels, std::int64_t panel_rows) {
                pack_panels(rows + first * columns, count, columns, panels, panel_rows);
              },
          .in_place = in_place ? rows : nullptr};
}

ContractionSums::ContractionSums(const Device& device, std::int64_t rows, std::int64_t columns)
    : stride_(padded_columns(columns)), sums_(device, padded_columns(rows) * stride_) {}

ContractionSums contract(const Device& device, std::int64_t rows, const ContractionOperand& a,
                         const ContractionOperand& b) {
  return Contraction(device, rows, a, &b).sums();
}

ContractionSums contract_symmetric(const Device& device, std::int64_t rows,
                                   const ContractionOperand& a) {
  return Contraction(device, rows, a, nullptr).sums();
}

}  // namespace gramgrad::cpu
