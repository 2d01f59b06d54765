// Builds weights files by hand.
#include "tests/nn/weights_samples.h"

#include <cstring>
#include <random>

#include "kernels/check.h"
#include "nn/half.h"
#include "nn/weights_file.h"

namespace gramgrad::nn {
namespace {

void append(Bytes& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
}

void pad(Bytes& bytes) {
  while (bytes.size() % 64 != 0) {
    bytes.push_back(std::byte{0});
  }
}

// Appends a tensor of random values to the sample, and its entry to the header.
void add_tensor(Sample& sample, std::mt19937& random, const std::string& name, DType dtype,
                const std::vector<std::int64_t>& shape) {
  pad(sample.data);
  const std::size_t offset = sample.data.size();
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) {
    count *= dimension;
  }
  std::normal_distribution<float> normal;
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = normal(random);
    if (dtype == DType::f32) {
      append(sample.data, std::bit_cast<std::uint32_t>(value), 4);
    } else {
      append(sample.data, dtype == DType::f16 ? f32_to_f16(value) : f32_to_bf16(value), 2);
    }
  }
  const std::size_t bytes = sample.data.size() - offset;
  sample.header["tensors"].push_back(
      {{"name", name},
       {"dtype", name_of(dtype)},
       {"shape", shape},
       {"offset", offset},
       {"bytes", bytes},
       {"crc32", crc32_by_hand(std::span(sample.data).subspan(offset))}});
  sample.tensors.push_back({name, dtype, shape, {}});
}

}  // namespace

Bytes to_bytes(std::string_view text) {
  Bytes bytes(text.size());
  if (!text.empty()) {
    std::memcpy(bytes.data(), text.data(), text.size());
  }
  return bytes;
}

std::uint32_t crc32_by_hand(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
    }
  }
  return ~crc;
}

Bytes make_file(const std::string& header, const Bytes& data) {
  const Bytes text = to_bytes(header);
  const std::uint64_t data_start = (32 + header.size() + 63) / 64 * 64;
  Bytes file = to_bytes("\x89GGW\r\n\x1a\n");
  append(file, 1, 4);
  append(file, header.size(), 4);
  append(file, data_start + data.size(), 8);
  append(file, 0, 4);
  Bytes covered = file;
  covered.insert(covered.end(), text.begin(), text.end());
  append(file, crc32_by_hand(covered), 4);
  file.insert(file.end(), text.begin(), text.end());
  pad(file);
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

Sample make_sample() {
  Sample sample;
  sample.description = {"vgg16",
                        {"numbers out of a generator", std::string(64, 'a'), "none", "CC0-1.0",
                         "nobody \"at all\"", "none, ½ of nothing", "they are random"},
                        {ChannelOrder::bgr, 255, {103.939, 116.779, 123.68}, {1, 1, 0.5}}};
  sample.header = nlohmann::ordered_json::parse(R"json({
    "architecture": "vgg16",
    "provenance": {
      "source": "numbers out of a generator",
      "source_sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "source_format": "none",
      "licence": "CC0-1.0",
      "attribution": "nobody \"at all\"",
      "changes": "none, ½ of nothing",
      "evidence": "they are random"
    },
    "feeding": {
      "channel_order": "BGR",
      "scale": 255.0,
      "mean": [103.939, 116.779, 123.68],
      "std": [1.0, 1.0, 0.5],
      "padding": "zero"
    },
    "tensors": []
  })json");
  std::mt19937 random(20240607);
  add_tensor(sample, random, "conv1_1.weight", DType::f16, {2, 3, 3, 3});
  add_tensor(sample, random, "conv1_1.bias", DType::f32, {2});
  add_tensor(sample, random, "conv1_2.weight", DType::bf16, {1, 3, 3, 2});
  add_tensor(sample, random, "conv1_2.bias", DType::f32, {1});
  for (std::size_t i = 0; i < sample.tensors.size(); ++i) {
    const auto& entry = sample.header["tensors"][i];
    sample.tensors[i].data = std::span(sample.data).subspan(entry["offset"], entry["bytes"]);
  }
  return sample;
}

std::string refusal(std::span<const std::byte> bytes) {
  try {
    WeightsFile::from_memory(bytes, "sample.ggw");
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace gramgrad::nn
