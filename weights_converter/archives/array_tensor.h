// Tensors of arrays that do not just lie in a file in row-major order: other strides, bytes that
// must be unpacked, bytes with a checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// The bytes of an array.
struct ArrayBytes {
  std::uint64_t size = 0;
  std::span<const std::byte> mapped;  // all of them, if they lie in the file as they are
  // Otherwise unpacks bytes [offset, offset + out.size()); going forward is cheap, going back need
  // not be. Throws Error if they are damaged.
  std::function<void(std::uint64_t offset, std::span<std::byte> out)> unpack;
  // Where not empty: throws Error if the mapped bytes do not have their checksum.
  std::function<void()> verify;
};

ArrayBytes mapped_bytes(std::span<const std::byte> bytes);

// How the elements lie in the bytes. Element (i, j, …) is number first + i·strides[0] + ….
struct ArrayLayout {
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // in elements, not negative
  std::int64_t first = 0;
};

// Strides of arrays without gaps: the last dimension fastest, or the first (Fortran's order).
// Throws Error if a dimension is negative or the shape is beyond all memory.
std::vector<std::int64_t> row_major_strides(std::span<const std::int64_t> shape);
std::vector<std::int64_t> column_major_strides(std::span<const std::int64_t> shape);

// Throws Error if an element would lie outside of the bytes, or if the shape has more elements than
// the bytes. `verify` is called by every read that begins with the first element.
SourceTensor array_tensor(InputFilePtr file, std::string name, ArrayLayout layout,
                          ArrayBytes bytes);

}  // namespace gramgrad::converter
