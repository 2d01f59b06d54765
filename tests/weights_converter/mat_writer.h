// Variables of MATLAB 5 files that no library writes: as long, as deep and as wrong as tests need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gramgrad::converter {

inline std::string mat_u32(std::uint32_t value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// A tag that claims `more` bytes beyond those that follow, and `contents`, padded to eight bytes.
inline std::string mat_element(std::uint32_t type, const std::string& contents,
                               std::uint32_t more = 0) {
  std::string element =
      mat_u32(type) + mat_u32(static_cast<std::uint32_t>(contents.size()) + more) + contents;
  return element + std::string((8 - element.size() % 8) % 8, '\0');
}

constexpr std::uint32_t mat_cell = 1, mat_structure = 2, mat_text = 4, mat_single = 7;

// An array of a class (mxClassID); contents are elements.
inline std::string mat_array(std::uint32_t kind, const std::vector<std::uint32_t>& dimensions,
                             const std::string& name, const std::string& contents,
                             std::uint32_t more = 0) {
  std::string sizes;
  for (const std::uint32_t size : dimensions) {
    sizes += mat_u32(size);
  }
  return mat_element(14,
                     mat_element(6, mat_u32(kind) + mat_u32(0)) + mat_element(5, sizes) +
                         mat_element(1, name) + contents,
                     more);
}

// A structure with one field.
inline std::string mat_structure_of(const std::string& field, const std::string& name,
                                    const std::string& value, std::uint32_t more = 0) {
  std::string padded = field;
  padded.resize(32);
  return mat_array(mat_structure, {1, 1}, name,
                   mat_u32(4 << 16 | 5) + mat_u32(32) + mat_element(1, padded) + value, more);
}

// The 128 bytes before the variables.
inline std::string mat_header() {
  std::string header = "MATLAB 5.0 MAT-file";
  header.resize(124, ' ');
  return header + std::string("\0\1IM", 4);
}

}  // namespace gramgrad::converter
