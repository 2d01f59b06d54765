// The JSON header of a weights file: text to structure and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nn/weights_format.h"

namespace gramgrad::nn {

struct TensorRecord {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t offset = 0;  // bytes from the start of the data section
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;
};

struct WeightsHeader {
  WeightsDescription description;
  std::vector<TensorRecord> tensors;  // in the order of their offsets
};

// Reads a header and checks everything that can be known without the data: JSON types, key names,
// lengths, ranges, names of tensors, and that shapes, sizes and offsets agree. Throws Error.
WeightsHeader parse_header(std::string_view text);

// Reads a header that has no list of tensors: what a person writes down for a converter.
WeightsDescription parse_description(std::string_view text);

// The JSON text, the same bytes for the same header. Throws Error if a text is not UTF-8.
std::string dump_header(const WeightsHeader& header);

}  // namespace gramgrad::nn
