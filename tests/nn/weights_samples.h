// Small weights files for tests, built by hand from weights_converter/FORMAT.md, not with the
// writer, so that reader, writer and specification are checked against one another.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "nn/weights_format.h"

namespace gramgrad::nn {

using Bytes = std::vector<std::byte>;

Bytes to_bytes(std::string_view text);

// CRC-32 as FORMAT.md defines it, bit by bit.
std::uint32_t crc32_by_hand(std::span<const std::byte> bytes);

// A whole file with right sizes, padding and header checksum around this header and data section,
// whatever these say.
Bytes make_file(const std::string& header, const Bytes& data);

// vgg16, two channels wide, to conv1_2: tensors of all three types, with padding between them.
struct Sample {
  WeightsDescription description;
  std::vector<TensorView> tensors;  // into `data`
  Bytes data;                       // the data section
  nlohmann::ordered_json header;
};

Sample make_sample();

// The one-line message with which from_memory refuses the bytes under the name "sample.ggw", or ""
// if it takes them.
std::string refusal(std::span<const std::byte> bytes);

}  // namespace gramgrad::nn
