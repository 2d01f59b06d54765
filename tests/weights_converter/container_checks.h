// What the tests of Keras' and MATLAB's files share: the numbers that make_expected.py wrote, and
// files in memory to be damaged.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

using ReadFunction = Source (*)(InputFilePtr);

inline std::string container_path(const std::string& name) {
  return std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/data/" + name;
}

inline std::string container_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file in memory that has a path as long as it lives; matio reads by path.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& bytes) : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
    EXPECT_EQ(write(descriptor_, bytes.data(), bytes.size()), std::ssize(bytes));
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// What reading the file and all its tensors says; nothing if it is in order.
inline std::string container_error(const std::string& path, ReadFunction read) {
  try {
    for (const SourceTensor& tensor : read(open_input(path)).tensors) {
      if (tensor.read != nullptr && tensor.element_count() < (1 << 20)) {
        read_all(tensor);
      }
    }
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// Every beginning of the file, in steps, is refused, and the file with one of its first `changed`
// bytes changed, in steps, is read or refused, in one line that begins with its path.
inline void check_container_damage(const std::string& name, ReadFunction read, std::size_t step,
                                   std::size_t changed) {
  const std::string whole = container_bytes(container_path(name));
  ASSERT_EQ(container_error(container_path(name), read), "") << name;
  std::size_t refused = 0;
  const auto check_one = [&](const std::string& bytes, std::size_t at) {
    const MemoryFile file(bytes);
    const std::string error = container_error(file.path(), read);
    refused += error.empty() ? 0 : 1;
    ASSERT_TRUE(error.empty() || error.starts_with(file.path() + ": ")) << at << " " << error;
    ASSERT_EQ(error.find('\n'), std::string::npos) << error;
  };
  for (std::size_t size = 0; size < whole.size(); size += step) {
    check_one(whole.substr(0, size), size);
  }
  EXPECT_EQ(refused, (whole.size() + step - 1) / step) << "a cut file was read";
  for (std::size_t at = 0; at < std::min(changed, whole.size()); at += step) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (at % 2 == 0 ? 0xff : 0x01));
    check_one(damaged, at);
  }
}

// The expected numbers of make_expected.py, taken one array after the other.
class ExpectedLayers {
 public:
  explicit ExpectedLayers(const std::string& network) {
    const std::string bytes = container_bytes(container_path("containers_" + network + ".f32"));
    numbers_.resize(bytes.size() / sizeof(float));
    std::memcpy(numbers_.data(), bytes.data(), numbers_.size() * sizeof(float));
  }

  std::vector<float> take(std::size_t count) {
    EXPECT_LE(at_ + count, numbers_.size());
    const auto start = numbers_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += count;
    return {start, start + static_cast<std::ptrdiff_t>(count)};
  }
  bool all_taken() const { return at_ == numbers_.size(); }

 private:
  std::vector<float> numbers_;
  std::size_t at_ = 0;
};

// Where element (o, i, h, w) is in the row-major order of the layout, for 3×3 kernels.
inline std::size_t kernel_position(WeightLayout layout, std::size_t outputs, std::size_t inputs,
                                   std::size_t o, std::size_t i, std::size_t h, std::size_t w) {
  return layout == WeightLayout::hwio ? ((h * 3 + w) * inputs + i) * outputs + o
                                      : ((o * inputs + i) * 3 + w) * 3 + h;  // oiwh
}

// Weights as [out, in, 3, 3] or [out, in], whatever their layout.
inline std::vector<float> in_project_order(const Source& source, const SourceLayer& layer) {
  const SourceTensor& tensor = source.tensors.at(layer.weight);
  const std::vector<float> found = read_all(tensor);
  const auto extent = [&](std::size_t d) { return static_cast<std::size_t>(tensor.shape.at(d)); };
  std::vector<float> ordered(found.size(), std::numeric_limits<float>::quiet_NaN());
  if (layer.kind == LayerKind::linear) {
    const bool io = layer.layout == WeightLayout::io;
    const std::size_t outputs = extent(io ? 1 : 0);
    const std::size_t inputs = extent(io ? 0 : 1);
    for (std::size_t k = 0; k < found.size(); ++k) {
      ordered[k] = found[io ? k % inputs * outputs + k / inputs : k];
    }
    return ordered;
  }
  const bool hwio = layer.layout == WeightLayout::hwio;
  const std::size_t outputs = extent(hwio ? 3 : 0);
  const std::size_t inputs = extent(hwio ? 2 : 1);
  for (std::size_t k = 0; k < found.size(); ++k) {
    ordered[k] = found[kernel_position(layer.layout, outputs, inputs, k / 9 / inputs,
                                       k / 9 % inputs, k / 3 % 3, k % 3)];
  }
  return ordered;
}

// The layers of the source, from `first`, are the expected ones, number for number and in order.
inline void check_layers(const Source& source, const std::string& network, std::size_t first = 0,
                         bool with_head = true) {
  ExpectedLayers expected(network);
  for (std::size_t k = first; k < source.layers.size(); ++k) {
    const SourceLayer& layer = source.layers[k];
    const std::vector<float> weight = in_project_order(source, layer);
    ASSERT_EQ(weight, expected.take(weight.size())) << layer.name;
    ASSERT_TRUE(layer.bias) << layer.name;
    const std::vector<float> bias = read_all(source.tensors.at(*layer.bias));
    ASSERT_EQ(bias, expected.take(bias.size())) << layer.name;
  }
  EXPECT_EQ(expected.all_taken(), with_head);
}

// Any run of elements, read by itself, is the same as in the whole.
inline void check_runs(const SourceTensor& tensor, unsigned seed) {
  SCOPED_TRACE(testing::Message() << tensor.name << " seed " << seed);
  const std::vector<float> whole = read_all(tensor);
  std::mt19937 random(seed);
  for (int run = 0; run < 20; ++run) {
    const std::size_t first = random() % (whole.size() + 1);
    const std::size_t count = random() % (whole.size() - first + 1);
    std::vector<float> part(count, std::numeric_limits<float>::quiet_NaN());
    tensor.read(static_cast<std::int64_t>(first), part);
    const auto start = whole.begin() + static_cast<std::ptrdiff_t>(first);
    ASSERT_EQ(part, std::vector<float>(start, start + static_cast<std::ptrdiff_t>(count)))
        << first << " " << count;
  }
  std::vector<float> beyond(2);
  EXPECT_THROW(tensor.read(tensor.element_count() - 1, beyond), Error);
  EXPECT_THROW(tensor.read(-1, beyond), Error);
}

}  // namespace gramgrad::converter
