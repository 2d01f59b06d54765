// Numbers stand as bytes in raw_data, or in a list by type: float_data, double_data, and for the
// 16-bit types int32_data, with the bits of each as an integer of one to three bytes.
#include "weights_converter/graphs/onnx_tensor.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/check.h"
#include "nn/half.h"
#include "weights_converter/graphs/limits.h"
#include "weights_converter/graphs/number_list.h"
#include "weights_converter/graphs/wire.h"

namespace gramgrad::converter {
namespace {

struct TensorFields {
  std::string name;
  std::int64_t data_type = 0;
  std::vector<std::int64_t> shape;
  NumberList floats{ElementType::f32};
  NumberList doubles{ElementType::f64};
  std::span<const std::byte> halves;  // packed integers
  std::span<const std::byte> raw;
  bool external = false;
};

ElementType element_type(std::int64_t data_type) {
  switch (data_type) {
    case 1:
      return ElementType::f32;
    case 10:
      return ElementType::f16;
    case 11:
      return ElementType::f64;
    case 16:
      return ElementType::bf16;
    default:
      return ElementType::other;
  }
}

TensorFields parse_fields(const InputFile& file, std::span<const std::byte> message) {
  TensorFields fields;
  for (WireReader at(file, message); at.next();) {
    switch (at.number()) {
      case 1:
        at.append_integers(fields.shape, max_dimensions);
        break;
      case 2:
        fields.data_type = static_cast<std::int64_t>(at.varint());
        break;
      case 4:
        fields.floats.append(at);
        break;
      case 5:
        if (element_type(fields.data_type) != ElementType::other) {
          fields.halves = at.bytes();
        }
        break;
      case 8:
        fields.name = at.text();
        break;
      case 9:
        fields.raw = at.bytes();
        break;
      case 10:
        fields.doubles.append(at);
        break;
      case 13:
        fields.external = true;
        break;
      case 14:
        fields.external = fields.external || at.varint() == 1;
        break;
      default:
        break;
    }
  }
  return fields;
}

// Integers have no fixed length: where every `spacing`-th begins is kept, so that reading a part
// does not mean counting from the front.
class HalfList {
 public:
  HalfList(ElementType type, std::span<const std::byte> packed) : type_(type), packed_(packed) {
    for (std::size_t at = 0; at < packed_.size(); ++count_) {
      if (count_ % spacing == 0) {
        marks_.push_back(at);
      }
      take(at);
    }
  }

  std::size_t count() const { return count_; }

  void read(std::int64_t first, std::span<float> out) const {
    const auto begin = static_cast<std::size_t>(first);
    check(first >= 0 && begin <= count_ && out.size() <= count_ - begin,
          "elements {} to {} were asked of a tensor of {}", first, begin + out.size(), count_);
    if (out.empty()) {
      return;
    }
    std::size_t at = marks_[begin / spacing];
    for (std::size_t skip = begin % spacing; skip > 0; --skip) {
      take(at);
    }
    for (float& value : out) {
      const std::uint16_t bits = take(at);
      value = type_ == ElementType::f16 ? nn::f16_to_f32(bits) : nn::bf16_to_f32(bits);
    }
  }

 private:
  static constexpr std::size_t spacing = 4096;

  std::uint16_t take(std::size_t& at) const {
    std::uint32_t bits = 0;
    for (unsigned shift = 0; shift <= 14; shift += 7) {
      check(at < packed_.size(), "its half-precision numbers do not end");
      const auto byte = std::to_integer<std::uint32_t>(packed_[at++]);
      bits |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        check(bits <= 0xffff, "has a half-precision number of more than 16 bits");
        return static_cast<std::uint16_t>(bits);
      }
    }
    fail("has a half-precision number of more than 16 bits");
  }

  ElementType type_;
  std::span<const std::byte> packed_;
  std::vector<std::size_t> marks_;
  std::size_t count_ = 0;
};

SourceTensor half_tensor(const InputFilePtr& file, ElementType type, TensorFields& fields) {
  SourceTensor tensor{std::move(fields.name), type, std::move(fields.shape), nullptr};
  HalfList list(type, fields.halves);
  check(static_cast<std::uint64_t>(tensor.element_count()) == list.count(),
        "has {} numbers; its shape needs {}", list.count(), tensor.element_count());
  tensor.read = [file, list = std::move(list)](std::int64_t first, std::span<float> out) {
    list.read(first, out);
  };
  return tensor;
}

SourceTensor make_tensor(const InputFilePtr& file, TensorFields fields) {
  const ElementType type = element_type(fields.data_type);
  check(std::all_of(fields.shape.begin(), fields.shape.end(),
                    [](std::int64_t dimension) { return dimension >= 0; }),
        "has a negative dimension");
  check(!fields.external,
        "keeps its numbers in another file (external data); save the model as one file, in Python: "
        "onnx.save(onnx.load(\"model.onnx\"), \"one_file.onnx\")");
  if (fields.raw.data() != nullptr || type == ElementType::other) {
    return mapped_tensor(file, std::move(fields.name), type, std::move(fields.shape), fields.raw);
  }
  switch (type) {
    case ElementType::f16:
    case ElementType::bf16:
      return half_tensor(file, type, fields);
    case ElementType::f64:
      return fields.doubles.tensor(file, std::move(fields.name), std::move(fields.shape));
    default:
      return fields.floats.tensor(file, std::move(fields.name), std::move(fields.shape));
  }
}

}  // namespace

SourceTensor parse_onnx_tensor(const InputFilePtr& file, std::span<const std::byte> message,
                               const std::string& name) {
  TensorFields fields = parse_fields(*file, message);
  if (!name.empty()) {
    fields.name = name;
  }
  const std::string called = fields.name;
  try {
    return make_tensor(file, std::move(fields));
  } catch (const Error& error) {
    fail("at byte {}: tensor {}: {}", message.data() - file->bytes().data(), called, error.what());
  }
}

}  // namespace gramgrad::converter
