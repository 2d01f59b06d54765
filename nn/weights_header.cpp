// Reading and writing of the JSON header, side by side, so that they stay the same.
#include "nn/weights_header.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "kernels/check.h"
#include "nn/strict_json.h"

namespace gramgrad::nn {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t max_name_bytes = 64;
constexpr std::size_t max_text_bytes = 16 * 1024;
constexpr std::size_t max_tensors = 4096;
constexpr std::size_t max_rank = 8;
constexpr std::uint64_t max_dimension = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();

// A lower-case letter, then lower-case letters, digits, underscores and dots.
bool is_plain_name(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= max_name_bytes && lower(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '.';
         });
}

std::string plain_name(const JsonObject& object, std::string_view key) {
  std::string name = object.text(key, max_text_bytes);
  check(is_plain_name(name),
        "the header's {} must be a name of at most {} lower-case letters, digits, '_' and '.', "
        "beginning with a letter",
        object.name(key), max_name_bytes);
  return name;
}

GoldenActivation parse_activation(const JsonObject& object) {
  constexpr double most = 1e30;
  GoldenActivation result;
  result.layer = plain_name(object, "layer");
  result.mean = object.number("mean", -most, most);
  result.l2 = object.number("l2", 0, most);
  const json& samples = object.array("samples", result.samples.size(), result.samples.size());
  for (std::size_t i = 0; i < result.samples.size(); ++i) {
    result.samples[i] = json_number(samples[i], object.name("samples"), -most, most);
  }
  return result;
}

Golden parse_golden(const JsonObject& object) {
  Golden result;
  result.picture = plain_name(object, "picture");
  for (const json& activation : object.array("activations", 1, max_tensors)) {
    result.activations.push_back(parse_activation(
        {activation, fmt::format("provenance.golden.activations[{}]", result.activations.size())}));
  }
  return result;
}

Provenance parse_provenance(const JsonObject& object) {
  Provenance result;
  result.source = object.text("source", max_text_bytes);
  result.source_sha256 = object.text("source_sha256", max_text_bytes);
  result.source_format = object.text("source_format", max_text_bytes);
  result.licence = object.text("licence", max_text_bytes);
  result.attribution = object.text("attribution", max_text_bytes);
  result.changes = object.text("changes", max_text_bytes);
  result.evidence = object.text("evidence", max_text_bytes);
  check(result.source_sha256.size() == 64 &&
            result.source_sha256.find_first_not_of("0123456789abcdef") == std::string::npos,
        "the header's {} must be 64 lower-case hexadecimal digits", object.name("source_sha256"));
  if (object.has("golden")) {
    result.golden = parse_golden(object.object("golden"));
  }
  return result;  // further keys are notes, free to all
}

Feeding parse_feeding(const JsonObject& object) {
  object.allow_only({"channel_order", "scale", "mean", "std", "padding"});
  Feeding result;
  const std::string order = object.text("channel_order", max_text_bytes);
  check(order == "RGB" || order == "BGR", "the header's {} must be \"RGB\" or \"BGR\"",
        object.name("channel_order"));
  result.channel_order = order == "BGR" ? ChannelOrder::bgr : ChannelOrder::rgb;
  result.scale = object.number("scale", 1e-6, 1e6);
  const json& mean = object.array("mean", 3, 3);
  const json& std = object.array("std", 3, 3);
  for (std::size_t c = 0; c < 3; ++c) {
    result.mean[c] = json_number(mean[c], object.name("mean"), -1e6, 1e6);
    result.std[c] = json_number(std[c], object.name("std"), 1e-6, 1e6);
  }
  check(object.text("padding", max_text_bytes) == "zero", "the header's {} must be \"zero\"",
        object.name("padding"));
  return result;
}

WeightsDescription parse_description(const JsonObject& object) {
  return {plain_name(object, "architecture"), parse_provenance(object.object("provenance")),
          parse_feeding(object.object("feeding"))};
}

DType parse_dtype(const JsonObject& object) {
  const std::string name = object.text("dtype", max_text_bytes);
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    if (name == name_of(dtype)) {
      return dtype;
    }
  }
  fail("the header's {} must be \"f32\", \"f16\" or \"bf16\"", object.name("dtype"));
}

TensorRecord parse_tensor(const JsonObject& object) {
  object.allow_only({"name", "dtype", "shape", "offset", "bytes", "crc32"});
  TensorRecord result;
  result.name = plain_name(object, "name");
  result.dtype = parse_dtype(object);
  std::uint64_t bytes = size_of(result.dtype);
  for (const json& element : object.array("shape", 1, max_rank)) {
    const std::uint64_t dimension = json_whole(element, object.name("shape"), 1, max_dimension);
    check(!__builtin_mul_overflow(bytes, dimension, &bytes),
          "tensor {}: its shape has more elements than 64 bits can count", result.name);
    result.shape.push_back(static_cast<std::int64_t>(dimension));
  }
  result.offset = object.whole("offset", any_number);
  result.bytes = object.whole("bytes", any_number);
  check(result.bytes == bytes, "tensor {}: its shape and type need {} bytes, the header says {}",
        result.name, bytes, result.bytes);
  result.crc32 =
      static_cast<std::uint32_t>(object.whole("crc32", std::numeric_limits<std::uint32_t>::max()));
  return result;
}

// Tensors follow one another at the next multiple of the alignment, so that there is one layout for
// a list of shapes, and no room for anything else.
void check_layout(const std::vector<TensorRecord>& tensors) {
  std::uint64_t end = 0;
  for (const TensorRecord& tensor : tensors) {
    check(tensor.offset % weights_alignment == 0,
          "tensor {}: its offset {} is not a multiple of {}", tensor.name, tensor.offset,
          weights_alignment);
    check(tensor.offset >= end, "tensor {}: begins at {}, inside the tensor that ends at {}",
          tensor.name, tensor.offset, end);
    check(tensor.offset - end < weights_alignment,
          "tensor {}: begins at {} though the data before it ends at {}", tensor.name,
          tensor.offset, end);
    check(!__builtin_add_overflow(tensor.offset, tensor.bytes, &end) &&
              end <= any_number - weights_alignment,
          "tensor {}: its end lies beyond what 64 bits can count", tensor.name);
  }
}

void check_names(const std::vector<TensorRecord>& tensors) {
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const TensorRecord& tensor : tensors) {
    names.push_back(tensor.name);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  check(twice == names.end(), "tensor {} is listed twice", twice == names.end() ? "" : *twice);
}

ordered_json provenance_json(const Provenance& provenance) {
  ordered_json result = {{"source", provenance.source},
                         {"source_sha256", provenance.source_sha256},
                         {"source_format", provenance.source_format},
                         {"licence", provenance.licence},
                         {"attribution", provenance.attribution},
                         {"changes", provenance.changes},
                         {"evidence", provenance.evidence}};
  if (provenance.golden) {
    ordered_json activations = ordered_json::array();
    for (const GoldenActivation& activation : provenance.golden->activations) {
      activations.push_back({{"layer", activation.layer},
                             {"mean", activation.mean},
                             {"l2", activation.l2},
                             {"samples", activation.samples}});
    }
    result["golden"] = {{"picture", provenance.golden->picture},
                        {"activations", std::move(activations)}};
  }
  return result;
}

}  // namespace

WeightsHeader parse_header(std::string_view text) {
  const json parsed = parse_strict_json(text);
  const JsonObject object(parsed, "");
  object.allow_only({"architecture", "provenance", "feeding", "tensors"});
  WeightsHeader result;
  result.description = parse_description(object);
  for (const json& tensor : object.array("tensors", 1, max_tensors)) {
    result.tensors.push_back(
        parse_tensor({tensor, fmt::format("tensors[{}]", result.tensors.size())}));
  }
  check_names(result.tensors);
  check_layout(result.tensors);
  return result;
}

WeightsDescription parse_description(std::string_view text) {
  const json parsed = parse_strict_json(text);
  const JsonObject object(parsed, "");
  object.allow_only({"architecture", "provenance", "feeding"});
  return parse_description(object);
}

std::string dump_header(const WeightsHeader& header) {
  const auto& [architecture, provenance, feeding] = header.description;
  ordered_json json_tensors = ordered_json::array();
  for (const TensorRecord& tensor : header.tensors) {
    json_tensors.push_back({{"name", tensor.name},
                            {"dtype", name_of(tensor.dtype)},
                            {"shape", tensor.shape},
                            {"offset", tensor.offset},
                            {"bytes", tensor.bytes},
                            {"crc32", tensor.crc32}});
  }
  const ordered_json json_header = {
      {"architecture", architecture},
      {"provenance", provenance_json(provenance)},
      {"feeding",
       {{"channel_order", feeding.channel_order == ChannelOrder::bgr ? "BGR" : "RGB"},
        {"scale", feeding.scale},
        {"mean", feeding.mean},
        {"std", feeding.std},
        {"padding", "zero"}}},
      {"tensors", std::move(json_tensors)}};
  try {
    return json_header.dump();
  } catch (const json::exception&) {
    fail("a text of the weights' description is not UTF-8");
  }
}

}  // namespace gramgrad::nn
