// U = G g G^T in f64, rounded once.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd/weights.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/simd_inl.h"

#include <algorithm>

#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/winograd/points.h"
#include "kernels/cpu/winograd/weights.h"

#ifndef GRAMGRAD_KERNELS_CPU_WINOGRAD_FILTERS_
#define GRAMGRAD_KERNELS_CPU_WINOGRAD_FILTERS_
namespace gramgrad::cpu {
namespace {

// The filters of some output channels, and where they go.
struct FilterBlock {
  const float* w;  // [O, 3, 3, I]
  std::int64_t inputs;
  std::int64_t first_output, last_output;
  WeightOrientation orientation;
  float* u;
  std::int64_t matrix_floats;  // of one of the 36 matrices of u
  std::int64_t rows, width;    // of a panel
};

}  // namespace
}  // namespace gramgrad::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

// u = G g G^T
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_filter(D d, const V (&g)[3][3], V (&u)[6][6]) {
  const auto row = [d](const double(&coefficients)[3], V x, V y, V z) HWY_ATTR {
    const auto first = hn::Mul(hn::Set(d, coefficients[0]), x);
    const auto second = hn::MulAdd(hn::Set(d, coefficients[1]), y, first);
    return hn::MulAdd(hn::Set(d, coefficients[2]), z, second);
  };
  for (int i = 0; i < 6; ++i) {
    V half[3];
    for (int s = 0; s < 3; ++s) {
      half[s] = row(winograd::filter_matrix[i], g[0][s], g[1][s], g[2][s]);
    }
    for (int j = 0; j < 6; ++j) {
      u[i][j] = row(winograd::filter_matrix[j], half[0], half[1], half[2]);
    }
  }
}

// Filters from the inputs i, i+1, ... to output o.
template <class D>
HWY_INLINE void pack_filters(D d, const FilterBlock& block, std::int64_t o, std::int64_t i) {
  const hn::Rebind<float, D> floats;
  const bool plain = block.orientation == WeightOrientation::plain;
  hn::Vec<D> g[3][3];
  for (int r = 0; r < 3; ++r) {
    for (int s = 0; s < 3; ++s) {
      const int tap = plain ? 3 * r + s : 8 - (3 * r + s);
      g[r][s] = hn::PromoteTo(d, hn::LoadU(floats, block.w + (o * 9 + tap) * block.inputs + i));
    }
  }
  hn::Vec<D> u[6][6];
  transform_filter(d, g, u);
  const std::int64_t column = plain ? o : i;
  const std::int64_t row = plain ? i : o;
  float* to = block.u + column / block.width * block.rows * block.width + row * block.width +
              column % block.width;
  for (const auto& products : u) {
    for (const auto& product : products) {
      const auto rounded = hn::DemoteTo(floats, product);
      if (plain) {
        HWY_ALIGN float stored[hn::MaxLanes(D())];
        hn::StoreU(rounded, floats, stored);
        for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
          to[static_cast<std::int64_t>(lane) * block.width] = stored[lane];
        }
      } else {
        hn::StoreU(rounded, floats, to);
      }
      to += block.matrix_floats;
    }
  }
}

void pack_block(const FilterBlock& block) {
  const hn::ScalableTag<double> vector;
  const hn::CappedTag<double, 1> single;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(vector));
  for (std::int64_t i = 0; i < block.inputs;) {
    const bool whole = i + lanes <= block.inputs;
    for (std::int64_t o = block.first_output; o < block.last_output; ++o) {
      if (whole) {
        pack_filters(vector, block, o, i);
      } else {
        pack_filters(single, block, o, i);
      }
    }
    i += whole ? lanes : 1;
  }
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad::cpu {

HWY_EXPORT(pack_block);

namespace {

constexpr std::int64_t large_bytes = 3 << 20;

std::int64_t packed_floats(std::int64_t rows, std::int64_t columns) {
  return winograd::products * rows * ceil_div(columns, panel_width()) * panel_width();
}

}  // namespace

WinogradWeights::WinogradWeights(const Shape& w, WeightOrientation orientation)
    : from(orientation == WeightOrientation::plain ? w[3] : w[0]),
      to(orientation == WeightOrientation::plain ? w[0] : w[3]),
      large(packed_floats(w[3], w[0]) * std::int64_t{sizeof(float)} > large_bytes),
      packed(large ? WeightOrientation::plain : orientation),
      transposes_(packed != orientation) {}

std::int64_t WinogradWeights::panels() const {
  return ceil_div(to, panel_width());
}

std::int64_t WinogradWeights::packed_panels() const {
  return ceil_div(transposes_ ? from : to, panel_width());
}

std::int64_t WinogradWeights::floats() const {
  return winograd::products * packed_panels() * packed_rows() * panel_width();
}

std::int64_t WinogradWeights::panel_floats() const {
  return transposes_ ? packed_panels() * panel_width() * panel_width() : 0;
}

const float* WinogradWeights::packed_panel(const float* u, std::int64_t product,
                                           std::int64_t panel) const {
  const std::int64_t matrix = transposes_ ? winograd::turned(product) : product;
  return u + (matrix * packed_panels() + panel) * packed_rows() * panel_width();
}

const float* WinogradWeights::panel(const float* u, std::int64_t product, std::int64_t panel,
                                    float* memory) const {
  if (!transposes_) {
    return packed_panel(u, product, panel);
  }
  transpose_panel(packed_panel(u, product, 0), packed_rows(), from, panel, memory);
  return memory;
}

PanelPieces WinogradWeights::pieces_after(const float* u, std::int64_t product,
                                          std::int64_t panel) const {
  const std::int64_t next = product * panels() + panel + 1;
  if (next == winograd::products * panels()) {
    return {};
  }
  const std::int64_t square = panel_width() * panel_width();
  product = next / panels();
  panel = next % panels();
  return transposes_ ? PanelPieces{packed_panel(u, product, 0) + panel * square,
                                   packed_rows() * panel_width()}
                     : PanelPieces{packed_panel(u, product, panel), square};
}

void transform_weights(int threads, const float* w, const Shape& shape,
                       WeightOrientation orientation, float* u) {
  const bool plain = orientation == WeightOrientation::plain;
  const std::int64_t rows = shape[plain ? 3 : 0];
  const std::int64_t columns = shape[plain ? 0 : 3];
  const std::int64_t width = panel_width();
  const std::int64_t matrix_floats = ceil_div(columns, width) * rows * width;
  if (columns % width != 0) {
    for (std::int64_t product = 0; product < winograd::products; ++product) {
      std::fill_n(u + (product + 1) * matrix_floats - rows * width, rows * width, 0.0F);
    }
  }
  parallel_ranges(threads, shape[0], width, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(pack_block)
    ({.w = w,
      .inputs = shape[3],
      .first_output = begin,
      .last_output = end,
      .orientation = orientation,
      .u = u,
      .matrix_floats = matrix_floats,
      .rows = rows,
      .width = width});
  });
}

}  // namespace gramgrad::cpu
#endif
