// What stands before the data in NumPy's `.npy` format (NumPy Enhancement Proposal 1), versions 1.0
// to 3.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "weights_converter/archives/array_tensor.h"

namespace gramgrad::converter {

inline constexpr std::string_view npy_magic = "\x93NUMPY";
inline constexpr std::size_t max_npy_header_bytes = 65536 + 12;  // with what stands before it

struct NpyHeader {
  ElementType type = ElementType::f32;
  bool is_object = false;  // the data is a pickle; type is `other`
  bool fortran_order = false;
  std::vector<std::int64_t> shape;  // empty for a single number
  std::uint64_t data_at = 0;

  ArrayLayout layout() const;
  // Throws Error unless that many bytes of data are just what type and shape need.
  void check_size(std::uint64_t bytes) const;
};

// `file` is the file or at least its first max_npy_header_bytes. Throws Error for what NumPy does
// not write, and for big-endian numbers.
NpyHeader parse_npy_header(std::span<const std::byte> file);

// Of a dtype's name without byte order, such as "f4".
ElementType numpy_type(std::string_view name);

}  // namespace gramgrad::converter
