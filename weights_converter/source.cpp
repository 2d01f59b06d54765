// Tensors that lie in a mapped file, and the two common ways to feed a VGG.
#include "weights_converter/source.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "kernels/check.h"
#include "nn/half.h"

namespace gramgrad::converter {
namespace {

template <typename Stored, typename Widen>
void widen(std::span<const std::byte> bytes, std::span<float> out, Widen to_float) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored;  // the file may align it anyhow
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = to_float(stored);
  }
}

void read_elements(ElementType type, std::span<const std::byte> bytes, std::span<float> out) {
  if (out.empty()) {
    return;  // of no elements there may be no address
  }
  switch (type) {
    case ElementType::f16:
      return widen<std::uint16_t>(bytes, out, nn::f16_to_f32);
    case ElementType::bf16:
      return widen<std::uint16_t>(bytes, out, nn::bf16_to_f32);
    case ElementType::f32:
      std::memcpy(out.data(), bytes.data(), out.size_bytes());
      return;
    case ElementType::f64:
      return widen<double>(bytes, out, [](double v) { return static_cast<float>(v); });
    case ElementType::other:
      fail("has elements that are no floating-point numbers");
  }
}

}  // namespace

InputFilePtr open_input(const std::string& path) {
  check(!path.empty(), "the input path is empty; name a file to read");
  return std::make_shared<const InputFile>(InputFile{path, nn::MappedFile(path)});
}

std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::f16:
    case ElementType::bf16:
      return 2;
    case ElementType::f32:
      return 4;
    case ElementType::f64:
      return 8;
    case ElementType::other:
      return 0;
  }
  return 0;
}

std::int64_t SourceTensor::element_count() const {
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) {
    check(dimension >= 0 && !__builtin_mul_overflow(count, dimension, &count),
          "tensor {}: has a shape beyond all memory", name);
  }
  return count;
}

SourceTensor mapped_tensor(InputFilePtr file, std::string name, ElementType type,
                           std::vector<std::int64_t> shape, std::span<const std::byte> bytes) {
  SourceTensor tensor{std::move(name), type, std::move(shape), nullptr};
  const std::int64_t count = tensor.element_count();
  if (type == ElementType::other) {
    return tensor;
  }
  check(bytes.size() % size_of(type) == 0 &&
            bytes.size() / size_of(type) == static_cast<std::uint64_t>(count),
        "tensor {}: has {} bytes of data; its shape needs {} elements of {}", tensor.name,
        bytes.size(), count, size_of(type));
  tensor.read = [file = std::move(file), type, bytes](std::int64_t first, std::span<float> out) {
    const std::size_t width = size_of(type);
    const auto begin = static_cast<std::size_t>(first);
    check(first >= 0 && begin <= bytes.size() / width && out.size() <= bytes.size() / width - begin,
          "elements {} to {} were asked of a tensor of {}", first, begin + out.size(),
          bytes.size() / width);
    read_elements(type, bytes.subspan(begin * width, out.size() * width), out);
  };
  return tensor;
}

std::vector<float> read_all(const SourceTensor& tensor) {
  check(tensor.read != nullptr, "tensor {}: has no floating-point numbers", tensor.name);
  std::vector<float> values(static_cast<std::size_t>(tensor.element_count()));
  tensor.read(0, values);
  return values;
}

nn::Feeding torchvision_feeding() {
  return {nn::ChannelOrder::rgb, 1, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
}

nn::Feeding caffe_feeding() {
  return {nn::ChannelOrder::bgr, 255, {103.939, 116.779, 123.68}, {1, 1, 1}};
}

}  // namespace gramgrad::converter
