// Extents of a tensor: up to four dimensions, row-major, last dimension contiguous.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "kernels/check.h"

namespace gramgrad {

// Feature maps are [N, H, W, C], matrices [rows, cols], scalars [1].
class Shape {
 public:
  static constexpr int max_rank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) {
    check(extents.size() <= max_rank, "a tensor has at most {} dimensions, not {}", max_rank,
          extents.size());
    for (const std::int64_t extent : extents) {
      check(extent >= 0, "a tensor's extent cannot be negative ({})", extent);
      extents_[static_cast<std::size_t>(rank_++)] = extent;
    }
  }

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }

  // Number of elements; throws Error where it does not fit in 63 bits.
  std::int64_t size() const {
    std::int64_t product = 1;
    for (int axis = 0; axis < rank_; ++axis) {
      check(!__builtin_mul_overflow(product, (*this)[axis], &product),
            "a tensor of shape {} has too many elements", to_string());
    }
    return product;
  }

  std::string to_string() const {
    std::string text = "[";
    for (int axis = 0; axis < rank_; ++axis) {
      text += (axis > 0 ? ", " : "") + std::to_string((*this)[axis]);
    }
    return text + "]";
  }

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.rank_ == b.rank_ &&
           std::equal(a.extents_.begin(), a.extents_.begin() + a.rank_, b.extents_.begin());
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

}  // namespace gramgrad
