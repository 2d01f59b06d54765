// Reorders and rounds; every value is computed from one input value, so there is one right result.
#include "weights_converter/vgg_from_npz.h"

#include <cmath>
#include <cstring>
#include <map>

#include "kernels/check.h"
#include "nn/architecture.h"
#include "nn/half.h"
#include "weights_converter/npy.h"
#include "weights_converter/npz_reader.h"

namespace gramgrad {
namespace {

using Members = std::map<std::string, std::vector<std::byte>>;

struct FloatArray {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

FloatArray read_array(const Members& members, const std::string& name, std::size_t rank) {
  const auto found = members.find(name);
  check(found != members.end(), "is not there");
  const NpyArray array = parse_npy(found->second);
  check(array.shape.size() == rank, "has {} dimensions; {} are needed", array.shape.size(), rank);
  FloatArray result{array.shape, std::vector<float>(array.data.size() / size_of(array.dtype))};
  nn::expand_to_f32({name, array.dtype, array.shape, array.data}, result.values);
  return result;
}

std::uint16_t round_to_f16(float value) {
  const std::uint16_t half = nn::f32_to_f16(value);
  check(std::isfinite(nn::f16_to_f32(half)), "has the value {}, beyond the range of f16", value);
  return half;
}

// [out, in, kh, kw] to [out, kh, kw, in].
std::vector<std::byte> to_channels_last_f16(const FloatArray& weight) {
  const auto out = static_cast<std::size_t>(weight.shape[0]);
  const auto in = static_cast<std::size_t>(weight.shape[1]);
  const auto taps = static_cast<std::size_t>(weight.shape[2] * weight.shape[3]);
  std::vector<std::uint16_t> halves;
  halves.reserve(weight.values.size());
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      for (std::size_t i = 0; i < in; ++i) {
        halves.push_back(round_to_f16(weight.values[(o * in + i) * taps + tap]));
      }
    }
  }
  std::vector<std::byte> bytes(halves.size() * sizeof(std::uint16_t));
  std::memcpy(bytes.data(), halves.data(), bytes.size());
  return bytes;
}

void add_weight(OwnedTensors& tensors, const Members& members, const std::string& name) {
  const FloatArray weight = read_array(members, name, 4);
  const auto& shape = weight.shape;
  check(!weight.values.empty() && shape[2] == 3 && shape[3] == 3,
        "has shape [{}, {}, {}, {}]; [out, in, 3, 3] is needed", shape[0], shape[1], shape[2],
        shape[3]);
  const auto& bytes = tensors.storage.emplace_back(to_channels_last_f16(weight));
  tensors.views.push_back({name, DType::f16, {shape[0], 3, 3, shape[1]}, bytes});
}

void add_bias(OwnedTensors& tensors, const Members& members, const std::string& name) {
  const FloatArray bias = read_array(members, name, 1);
  check(!bias.values.empty(), "is empty");
  auto& bytes = tensors.storage.emplace_back(bias.values.size() * sizeof(float));
  std::memcpy(bytes.data(), bias.values.data(), bytes.size());
  tensors.views.push_back({name, DType::f32, bias.shape, bytes});
}

}  // namespace

OwnedTensors vgg_from_npz(const std::filesystem::path& path, std::string_view architecture,
                          std::string_view last_conv) {
  const std::vector<std::string> convs =
      nn::conv_names(nn::find_architecture(architecture), last_conv);
  const Members members = read_npz(path);
  OwnedTensors tensors;
  std::string name;
  try {
    for (const std::string& conv : convs) {
      add_weight(tensors, members, name = conv + ".weight");
      add_bias(tensors, members, name = conv + ".bias");
    }
  } catch (const Error& error) {
    fail("{}: array {} {}", path.string(), name, error.what());
  }
  return tensors;
}

}  // namespace gramgrad
