// A manifest is a list of groups. The shards of a group, one after the other, are its tensors, one
// after the other, little-endian and row-major, without gaps; a tensor may begin in one shard and
// end in the next. (tensorflow/tfjs: tfjs-core/src/io/types.ts, io_utils.ts.)
#include "weights_converter/graphs/tfjs_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "kernels/check.h"
#include "nn/half.h"
#include "weights_converter/graphs/json_access.h"
#include "weights_converter/graphs/limits.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

using nlohmann::json;

constexpr std::size_t max_shards = 10'000;

// The shards of a group as one range of bytes.
class Shards {
 public:
  void add(InputFilePtr file) {
    starts_.push_back(size_);
    size_ += file->bytes().size();
    files_.push_back(std::move(file));
  }

  std::uint64_t size() const { return size_; }

  // Copies the bytes from `begin` on; they must be there.
  void read(std::uint64_t begin, std::span<std::byte> out) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), begin);
    auto index = static_cast<std::size_t>(after - starts_.begin()) - 1;
    for (; !out.empty(); ++index) {
      const auto rest = files_[index]->bytes().subspan(begin - starts_[index]);
      const std::size_t count = std::min(rest.size(), out.size());
      std::copy_n(rest.begin(), count, out.begin());
      out = out.subspan(count);
      begin += count;
    }
  }

 private:
  std::vector<InputFilePtr> files_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t size_ = 0;
};

// How one number is stored, and what it stands for: stored · scale + minimum.
struct Encoding {
  enum class Stored { f32, f16, u8, u16, other } stored = Stored::other;
  std::size_t width = 4;  // bytes of a number
  double scale = 1, minimum = 0;

  ElementType type() const {
    switch (stored) {
      case Stored::f16:
        return ElementType::f16;
      case Stored::other:
        return ElementType::other;
      default:
        return ElementType::f32;
    }
  }
};

double finite_number(const json& object, const char* key) {
  const json* value = member(object, key);
  check(value != nullptr && value->is_number() && std::isfinite(value->get<double>()),
        "its quantization lacks the number \"{}\"", key);
  return value->get<double>();
}

Encoding quantised(const json& quantization, bool is_float) {
  const std::string type = text_of(quantization, "dtype");
  Encoding encoding;
  if (type == "float16") {
    encoding = {Encoding::Stored::f16, 2};
  } else if (type == "uint8") {
    encoding = {Encoding::Stored::u8, 1};
  } else if (type == "uint16") {
    encoding = {Encoding::Stored::u16, 2};
  } else {
    fail("is quantised as \"{}\"; uint8, uint16 and float16 are known", type);
  }
  if (type != "float16") {
    encoding.scale = finite_number(quantization, "scale");
    encoding.minimum = finite_number(quantization, "min");
  }
  if (!is_float) {
    encoding.stored = Encoding::Stored::other;
  }
  return encoding;
}

Encoding encoding_of(const json& weight) {
  const std::string type = text_of(weight, "dtype");
  if (const json* quantization = member(weight, "quantization")) {
    return quantised(*quantization, type == "float32");
  }
  if (type == "float32") {
    return {Encoding::Stored::f32, 4};
  }
  if (type == "float16") {
    return {Encoding::Stored::f16, 2};
  }
  if (type == "int32") {
    return {Encoding::Stored::other, 4};
  }
  check(type == "bool" || type == "uint8" || type == "int8",
        "has the element type \"{}\", which is not read", type);
  return {Encoding::Stored::other, 1};
}

template <typename Stored>
Stored stored_at(const std::byte* data) {
  Stored value;
  std::memcpy(&value, data, sizeof(value));
  return value;
}

float decode(const Encoding& encoding, const std::byte* data) {
  const auto dequantise = [&](double stored) {
    return static_cast<float>(stored * encoding.scale + encoding.minimum);
  };
  switch (encoding.stored) {
    case Encoding::Stored::f16:
      return nn::f16_to_f32(stored_at<std::uint16_t>(data));
    case Encoding::Stored::u8:
      return dequantise(stored_at<std::uint8_t>(data));
    case Encoding::Stored::u16:
      return dequantise(stored_at<std::uint16_t>(data));
    default:
      break;
  }
  fail("has elements that are no floating-point numbers");
}

void read_numbers(const Shards& shards, std::uint64_t begin, const Encoding& encoding,
                  std::span<float> out) {
  if (encoding.stored == Encoding::Stored::f32) {
    return shards.read(begin, std::as_writable_bytes(out));
  }
  constexpr std::size_t buffer_bytes = 16384;
  std::array<std::byte, buffer_bytes> buffer;
  const std::size_t at_once = buffer_bytes / encoding.width;
  while (!out.empty()) {
    const std::size_t count = std::min(at_once, out.size());
    shards.read(begin, std::span(buffer).first(count * encoding.width));
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = decode(encoding, buffer.data() + i * encoding.width);
    }
    out = out.subspan(count);
    begin += count * encoding.width;
  }
}

// The tensor that begins at `begin`, which moves to its end.
SourceTensor read_weight(const json& weight, const std::shared_ptr<const Shards>& shards,
                         std::uint64_t& begin) {
  const Encoding encoding = encoding_of(weight);
  SourceTensor tensor{text_of(weight, "name"), encoding.type(), whole_numbers(weight, "shape"), {}};
  const json* shape = member(weight, "shape");
  check(shape != nullptr && shape->is_array() && shape->size() == tensor.shape.size() &&
            shape->size() <= max_dimensions,
        "has no shape of whole numbers");
  const auto count = static_cast<std::uint64_t>(tensor.element_count());
  check(count <= (shards->size() - begin) / encoding.width,
        "needs more bytes than its shards have ({} from byte {} of {})", count * encoding.width,
        begin, shards->size());
  if (tensor.type != ElementType::other) {
    tensor.read = [shards, begin, encoding, count](std::int64_t first, std::span<float> out) {
      const auto skip = static_cast<std::uint64_t>(first);
      check(first >= 0 && skip <= count && out.size() <= count - skip,
            "elements {} to {} were asked of a tensor of {}", first, skip + out.size(), count);
      read_numbers(*shards, begin + skip * encoding.width, encoding, out);
    };
  }
  begin += count * encoding.width;
  return tensor;
}

// A manifest may come from anywhere: it names files beside model.json and nothing else.
InputFilePtr open_shard(const InputFile& file, const json& name) {
  check(name.is_string(), "a shard's name in \"paths\" must be a text");
  const auto& text = name.get_ref<const std::string&>();
  check(!text.empty() && text[0] != '.' && text.size() <= 255 && text == printable(text) &&
            text.find_first_of("/\\:") == std::string::npos,
        "the shard \"{}\" must be a plain name of a file beside it", printable(text));
  try {
    return open_input((std::filesystem::path(file.path).parent_path() / text).string());
  } catch (const Error& error) {
    fail("the shard {}", error.what());
  }
}

std::shared_ptr<const Shards> open_shards(const InputFile& file, const json& group,
                                          std::vector<InputFilePtr>& opened) {
  const json* paths = member(group, "paths");
  check(paths != nullptr && paths->is_array(), "a group of \"weightsManifest\" lacks \"paths\"");
  const auto shards = std::make_shared<Shards>();
  for (const json& path : *paths) {
    check(opened.size() < max_shards, "has more than {} shards", max_shards);
    opened.push_back(open_shard(file, path));
    shards->add(opened.back());
  }
  return shards;
}

}  // namespace

void read_tfjs_weights(const InputFile& file, const json& manifest, Source& source) {
  check(manifest.is_array(), "its \"weightsManifest\" must be a list");
  for (const json& group : manifest) {
    const std::shared_ptr<const Shards> shards = open_shards(file, group, source.shards);
    const json* weights = member(group, "weights");
    check(weights != nullptr && weights->is_array(),
          "a group of \"weightsManifest\" lacks \"weights\"");
    std::uint64_t end = 0;
    for (const json& weight : *weights) {
      check(source.tensors.size() < max_tensors, "has more than {} tensors", max_tensors);
      try {
        source.tensors.push_back(read_weight(weight, shards, end));
      } catch (const Error& error) {
        fail("tensor {}: {}", text_of(weight, "name"), error.what());
      }
    }
    check(end == shards->size(),
          "its shards have {} bytes and its tensors {}: a shard is not the one that belongs here",
          shards->size(), end);
  }
}

}  // namespace gramgrad::converter
