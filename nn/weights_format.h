// What every `.ggw` weights file consists of; weights_converter/FORMAT.md describes it to the byte.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "nn/tensor_view.h"

namespace gramgrad::nn {

// As in PNG, the first byte and the line ends catch transfers that were not binary.
inline constexpr std::array<unsigned char, 8> weights_magic = {0x89, 'G',  'G',  'W',
                                                               '\r', '\n', 0x1a, '\n'};
inline constexpr std::uint32_t weights_version = 1;
inline constexpr std::size_t weights_alignment = 64;            // bytes, of every tensor
inline constexpr std::uint32_t max_header_bytes = 1024 * 1024;  // of the JSON text

// The first bytes of a file.
struct WeightsPreamble {
  std::array<unsigned char, 8> magic = weights_magic;
  std::uint32_t version = weights_version;
  std::uint32_t header_bytes = 0;  // length of the JSON header, which follows at once
  std::uint64_t file_bytes = 0;    // of the whole file
  std::uint32_t reserved = 0;
  std::uint32_t crc32 = 0;  // of the preamble's bytes before this field, then of the JSON header
};
static_assert(std::endian::native == std::endian::little, "weights files are little-endian");
static_assert(std::is_trivially_copyable_v<WeightsPreamble> && sizeof(WeightsPreamble) == 32 &&
              offsetof(WeightsPreamble, version) == 8 &&
              offsetof(WeightsPreamble, header_bytes) == 12 &&
              offsetof(WeightsPreamble, file_bytes) == 16 &&
              offsetof(WeightsPreamble, reserved) == 24 && offsetof(WeightsPreamble, crc32) == 28);

constexpr std::uint64_t align_up(std::uint64_t offset) {
  return (offset + weights_alignment - 1) / weights_alignment * weights_alignment;
}

// What one layer answers to a picture that is known by name, in f64 and with the weights as stored,
// rounded to 9 significant digits.
struct GoldenActivation {
  std::string layer;  // such as "relu3_1"
  double mean = 0;    // over all pixels and channels
  double l2 = 0;      // root of the sum of squares
  // Of its numbers in the order [height, width, channels]: the first, those at 1/3 and 2/3, the
  // last.
  std::array<double, 4> samples{};

  bool operator==(const GoldenActivation&) const = default;
};

// Whoever loads the weights and computes the same has loaded them right.
struct Golden {
  std::string picture;  // its name
  std::vector<GoldenActivation> activations;

  bool operator==(const Golden&) const = default;
};

// Where the numbers come from and on what terms they may be passed on.
struct Provenance {
  std::string source;         // name of the file that was converted
  std::string source_sha256;  // of that file, 64 lower-case hexadecimal digits
  std::string source_format;  // such as "onnx"
  std::string licence;        // SPDX identifier of the weights' licence
  std::string attribution;    // who made the weights, as the licence wants them named
  std::string changes;        // what was changed against the source
  std::string evidence;       // why the numbers are believed to be what they are said to be
  std::optional<Golden> golden = std::nullopt;  // what they must compute

  bool operator==(const Provenance&) const = default;
};

enum class ChannelOrder { rgb, bgr };

// How to feed the network: channel c of its input is (scale · v_c − mean_c) / std_c, with v_c in
// [0, 1] the sRGB-encoded value of the picture's channel c and c counted in `channel_order`.
// Convolutions pad with zeros, which are added after this step.
struct Feeding {
  ChannelOrder channel_order = ChannelOrder::rgb;
  double scale = 1;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> std = {1, 1, 1};

  bool operator==(const Feeding&) const = default;
};

struct WeightsDescription {
  std::string architecture;  // such as "vgg16"
  Provenance provenance;
  Feeding feeding;

  bool operator==(const WeightsDescription&) const = default;
};

}  // namespace gramgrad::nn
