// Checks of layouts, and the reading of what mapped_tensor cannot read.
#include "weights_converter/archives/array_tensor.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t piece_elements = 16384;

// Elements that lie one after the other in `bytes`.
void widen(ElementType type, std::span<const std::byte> bytes, std::span<float> out) {
  mapped_tensor(nullptr, "", type, {static_cast<std::int64_t>(out.size())}, bytes).read(0, out);
}

void check_layout(const std::string& name, const ArrayLayout& layout, std::int64_t count,
                  std::uint64_t bytes) {
  const std::uint64_t available = bytes / size_of(layout.type);
  check(layout.shape.size() == layout.strides.size(), "tensor {}: has {} dimensions and {} strides",
        name, layout.shape.size(), layout.strides.size());
  check(static_cast<std::uint64_t>(count) <= available,
        "tensor {}: its shape needs {} elements; there are {}", name, count, available);
  std::int64_t last = layout.first;
  for (std::size_t d = 0; d < layout.shape.size(); ++d) {
    std::int64_t extent = 0;
    check(layout.strides[d] >= 0, "tensor {}: has a negative stride, {}", name, layout.strides[d]);
    check(count == 0 || (!__builtin_mul_overflow(layout.shape[d] - 1, layout.strides[d], &extent) &&
                         !__builtin_add_overflow(last, extent, &last)),
          "tensor {}: has a stride beyond all memory, {}", name, layout.strides[d]);
  }
  check(layout.first >= 0 && (count == 0 || static_cast<std::uint64_t>(last) < available),
        "tensor {}: reaches from element {} to {} of a storage of {}", name, layout.first, last,
        available);
}

class ArrayReader {
 public:
  ArrayReader(InputFilePtr file, ArrayLayout layout, ArrayBytes bytes, std::int64_t count)
      : file_(std::move(file)),
        layout_(std::move(layout)),
        bytes_(std::move(bytes)),
        count_(count) {
    row_major_ = row_major_strides(layout_.shape);
    contiguous_ = true;
    for (std::size_t d = 0; d < layout_.shape.size(); ++d) {
      contiguous_ = contiguous_ && (layout_.shape[d] <= 1 || layout_.strides[d] == row_major_[d]);
    }
  }

  void read(std::int64_t first, std::span<float> out) {
    check(first >= 0 && first <= count_ && out.size() <= static_cast<std::uint64_t>(count_ - first),
          "elements {} to {} were asked of a tensor of {}", first, first + std::ssize(out), count_);
    if (first == 0 && bytes_.verify) {
      bytes_.verify();
    }
    for (std::size_t done = 0; done < out.size(); done += piece_elements) {
      read_piece(first + static_cast<std::int64_t>(done),
                 out.subspan(done, std::min(piece_elements, out.size() - done)));
    }
    if (first + std::ssize(out) == count_) {
      unpacked_ = {};  // whoever reads from front to end needs it no more
    }
  }

 private:
  void read_piece(std::int64_t first, std::span<float> out) {
    const std::size_t width = size_of(layout_.type);
    const auto start = static_cast<std::uint64_t>(layout_.first + first) * width;
    if (contiguous_ && bytes_.unpack == nullptr) {
      return widen(layout_.type, bytes_.mapped.subspan(start, out.size() * width), out);
    }
    piece_.resize(out.size() * width);
    if (contiguous_) {
      bytes_.unpack(start, piece_);
    } else {
      gather(first, out.size(), all_bytes());
    }
    widen(layout_.type, piece_, out);
  }

  // Strides jump; what must be unpacked is unpacked whole.
  std::span<const std::byte> all_bytes() {
    if (bytes_.unpack == nullptr) {
      return bytes_.mapped;
    }
    if (unpacked_.empty()) {
      unpacked_.resize(bytes_.size);
      bytes_.unpack(0, unpacked_);
    }
    return unpacked_;
  }

  // Collects the elements [first, first + count) of the row-major order in piece_.
  void gather(std::int64_t first, std::size_t count, std::span<const std::byte> from) {
    const std::size_t width = size_of(layout_.type);
    for (std::size_t i = 0; i < count; ++i) {
      std::int64_t rest = first + static_cast<std::int64_t>(i);
      std::int64_t element = layout_.first;
      for (std::size_t d = 0; d < layout_.shape.size(); ++d) {
        element += rest / row_major_[d] * layout_.strides[d];
        rest %= row_major_[d];
      }
      std::memcpy(piece_.data() + i * width,
                  from.data() + static_cast<std::size_t>(element) * width, width);
    }
  }

  InputFilePtr file_;  // keeps the mapping
  ArrayLayout layout_;
  ArrayBytes bytes_;
  std::int64_t count_;
  std::vector<std::int64_t> row_major_;
  bool contiguous_ = false;
  std::vector<std::byte> piece_;
  std::vector<std::byte> unpacked_;
};

}  // namespace

ArrayBytes mapped_bytes(std::span<const std::byte> bytes) {
  return {bytes.size(), bytes, nullptr, nullptr};
}

std::vector<std::int64_t> row_major_strides(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> reversed(shape.rbegin(), shape.rend());
  std::vector<std::int64_t> strides = column_major_strides(reversed);
  std::reverse(strides.begin(), strides.end());
  return strides;
}

std::vector<std::int64_t> column_major_strides(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> strides;
  strides.reserve(shape.size());
  std::int64_t stride = 1;
  for (const std::int64_t dimension : shape) {
    strides.push_back(stride);
    check(dimension >= 0 &&
              !__builtin_mul_overflow(stride, std::max<std::int64_t>(dimension, 1), &stride),
          "has a shape beyond all memory");
  }
  return strides;
}

SourceTensor array_tensor(InputFilePtr file, std::string name, ArrayLayout layout,
                          ArrayBytes bytes) {
  SourceTensor tensor{std::move(name), layout.type, layout.shape, nullptr};
  const std::int64_t count = tensor.element_count();
  if (layout.type == ElementType::other) {
    return tensor;
  }
  check_layout(tensor.name, layout, count, bytes.size);
  const std::string path = file->path;
  const auto reader =
      std::make_shared<ArrayReader>(std::move(file), std::move(layout), std::move(bytes), count);
  tensor.read = [reader, path, name = tensor.name](std::int64_t first, std::span<float> out) {
    with_path(path + ": tensor " + name, [&] { reader->read(first, out); });
  };
  return tensor;
}

}  // namespace gramgrad::converter
