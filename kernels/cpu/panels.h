// Matrix products in registers, for Gram matrices, gradients of weights and Winograd's convolution.
//
// A matrix is packed into panels: as many columns as a micro-kernel holds in registers, row after
// row, so that the inner loop reads memory in sequence. Element (p, c) of panel j is column
// j * panel_width() + c of row p; columns beyond the matrix are 0.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"
#include "kernels/cpu/cache.h"

namespace gramgrad::cpu {

// Two neighbouring factors of a sum of products. In a matrix of bf16 numbers a pair stands where an
// f32 matrix has a float: two columns of a left factor, two rows of a right one. Where their number
// is odd, the last pair's second number is 0.
struct alignas(4) Bf16Pair {
  Bf16 first, second;
};

// Whether the processor multiplies bf16 numbers in instructions of its own.
bool multiplies_bf16();

// Floats in a panel's row: two vectors of the processor.
std::int64_t panel_width();
// Of all panels that `columns` take.
std::int64_t padded_columns(std::int64_t columns);
// Rows of a result that one micro-kernel computes: of multiply_rows, and of add_transposed_product,
// where they divide panel_width().
std::int64_t product_rows();
std::int64_t contraction_rows();

// Packs x [rows, columns] into panels of `panel_rows` rows each.
void pack_panels(const float* x, std::int64_t rows, std::int64_t columns, float* panels,
                 std::int64_t panel_rows);

// Rounds x [rows, columns] to bf16, to nearest: a left factor of multiply_rows, rows of
// ceil(columns / 2) pairs.
void round_to_pairs(const float* x, std::int64_t rows, std::int64_t columns, Bf16Pair* pairs);

// One panel of a matrix whose transposed [rows, columns] is packed: element (c, r) of it is row
// panel * panel_width() + r, column c there. Rows beyond the packed matrix become columns of 0.
// Writes whole panels' worth of rows: `columns` rounded up to a multiple of panel_width().
void transpose_panel(const float* panels, std::int64_t rows, std::int64_t columns,
                     std::int64_t panel, float* transposed);

// Some columns of a matrix's rows, `stride` apart; aligned to a vector where a panel is expected.
struct Rows {
  const float* first;
  std::int64_t stride;
};
// Memory that is read soon, brought into the cache meanwhile: so many bytes with each row.
struct BytesAhead {
  const float* memory = nullptr;  // or none
  std::int64_t step = 0;
};

// sums[r][c] (+)= sum_p a[p][r] b[p][c], p in [0, count), for contraction_rows() x panel_width()
// elements: f32 within the call, f64 between calls. `b` is a panel's width of aligned columns.
struct TransposedProduct {
  Rows a, b;
  std::int64_t count;
  double* sums;
  std::int64_t sums_stride;
  bool accumulate;
  bool second_half = false;  // only the columns of b's second vector
  BytesAhead ahead = {};
};
void add_transposed_product(const TransposedProduct& product);

// Memory that is read soon, in pieces, one for each `rows` rows of a panel and as large as they
// are; `stride` elements apart.
template <typename T>
struct PanelPieces {
  const T* memory = nullptr;  // or none
  std::int64_t rows = 0, stride = 0;
};

// What becomes of a row's finished sums: max(0, sum + bias), where NaN stays NaN, and a mask of one
// bit for each, as in Conv2dOutputs.
struct BiasAndRelu {
  const float* bias = nullptr;
  std::uint8_t* mask = nullptr;  // null: unwanted
  std::int64_t mask_stride = 0;  // bytes
};

// y[r][c] (+)= sum_k x[r][k] b[k][c], for rows x columns elements; b is packed in panels of `inner`
// rows. Of pairs, x[r][k] b[k][c] is the sum of two products.
template <typename T>
struct RowProduct {
  const T* x;
  std::int64_t x_stride;
  const T* b;
  std::int64_t inner;
  float* y;
  std::int64_t y_stride;
  std::int64_t rows, columns;
  bool accumulate;
  // Products in a running sum: longer ones are added up in parts.
  std::int64_t longest_sum = 128;
  const BiasAndRelu* finish = nullptr;  // only of whole panels, and not accumulated
  PanelPieces<T> next = {};             // the panels after b, brought into the cache meanwhile
  // x lies beyond a core's own cache: each tile of rows brings the next one's while it computes.
  bool far_x = false;
  // Instead, where not null: each brings its rows of what is read after x, and is like x.
  const T* next_x = nullptr;
  Cache y_cache = Cache::own;  // none: y and its rows are aligned to lines, and not accumulated
};
void multiply_rows(const RowProduct<float>& product);
// Only where multiplies_bf16(). Sums in f32; see bf16_inl.h for how they are rounded.
void multiply_rows(const RowProduct<Bf16Pair>& product);

}  // namespace gramgrad::cpu
