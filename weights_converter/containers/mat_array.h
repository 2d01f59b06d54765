// What an array of a MATLAB 5 file is, and where its numbers lie. Source: MathWorks, "MAT-File
// Format", chapter 1, level 5.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weights_converter/containers/mat_stream.h"

namespace gramgrad::converter {

// mxClassID, those that networks have; everything else is `other`.
enum class MatClass { other, cell, structure, text, f64, f32, integer };

// Types of data elements (miINT8, ...); numbers lie as the smallest type that holds them all.
enum class MatType : std::uint32_t {
  i8 = 1,
  u8 = 2,
  i16 = 3,
  u16 = 4,
  i32 = 5,
  u32 = 6,
  f32 = 7,
  f64 = 9,
  i64 = 12,
  u64 = 13,
  matrix = 14,
  packed = 15,
  utf8 = 16,
  utf16 = 17,
  utf32 = 18,
};

// Bytes of one number or character; 0 for what is none.
std::size_t size_of(MatType type);

struct MatArray {
  MatClass kind = MatClass::other;
  bool complex = false;
  std::vector<std::int64_t> dimensions;  // as MATLAB counts, the first runs fastest
  std::int64_t count = 0;                // their product
  std::string name;                      // of the variable; empty for what is inside of one
  std::vector<std::string> fields;       // of a structure
  std::vector<MatArray> items;  // cells, or the fields of the first structure, the second...
  // Of numbers and texts:
  MatType type = MatType::u8;
  std::uint64_t data = 0;        // offset in the stream
  std::uint64_t data_bytes = 0;  // numbers: count times size_of(type)
};

// The name of the variable, without reading the rest of it.
std::string mat_variable_name(const MatStream& stream);

// The whole variable, but for its numbers. Throws Error, with path and offset, if it is damaged,
// nested deeper than any network's, or is not all of the stream.
MatArray read_mat_array(const MatStream& stream);

}  // namespace gramgrad::converter
