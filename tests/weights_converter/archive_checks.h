// What the tests of the readers of archives share: files in memory, the numbers of network.py, and
// damage.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

inline std::string data_path(const std::string& name) {
  return std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/data/" + name;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file that exists in memory only and is called "input" in messages.
inline InputFilePtr file_of(const std::string& bytes) {
  const int descriptor = ::memfd_create("input", MFD_CLOEXEC);
  EXPECT_GE(descriptor, 0);
  EXPECT_EQ(::write(descriptor, bytes.data(), bytes.size()), std::ssize(bytes));
  nn::MappedFile mapping("/proc/self/fd/" + std::to_string(descriptor));
  ::close(descriptor);
  return std::make_shared<const InputFile>(InputFile{"input", std::move(mapping)});
}

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

using ReadFunction = Source (*)(InputFilePtr);

// What reading the file and all of its tensors says: nothing if it is in order.
inline std::string error_of_reading(const std::string& bytes, ReadFunction read) {
  return error_of([&] {
    for (const SourceTensor& tensor : read(file_of(bytes)).tensors) {
      if (tensor.read) {
        ASSERT_LE(tensor.element_count(), std::ssize(bytes) * 100) << tensor.name;
        read_all(tensor);
      }
    }
  });
}

// Every beginning of the file is refused; with one bit of any byte changed it is refused or read.
inline void check_damage(const std::string& name, ReadFunction read) {
  const std::string whole = read_bytes(data_path(name));
  ASSERT_EQ(error_of_reading(whole, read), "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string error = error_of_reading(whole.substr(0, size), read);
    ASSERT_THAT(error, testing::StartsWith("input: ")) << name << " of " << size << " bytes";
  }
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int mask : {1, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      const std::string error = error_of_reading(damaged, read);
      refused += error.empty() ? 0 : 1;
      ASSERT_TRUE(error.empty() || error.starts_with("input: ")) << error;
      ASSERT_EQ(error.find('\n'), std::string::npos) << error;
    }
  }
  EXPECT_GT(refused, 0u);
}

inline const SourceTensor& find_tensor(const Source& source, const std::string& name) {
  for (const SourceTensor& tensor : source.tensors) {
    if (tensor.name == name) {
      return tensor;
    }
  }
  ADD_FAILURE() << "there is no tensor " << name;
  return source.tensors.at(0);
}

// The numbers of network.py's layers in order, taken one array after the other.
class ExpectedNumbers {
 public:
  explicit ExpectedNumbers(const std::string& network) {
    const std::string bytes = read_bytes(data_path("archives_" + network + ".f32"));
    numbers_.resize(bytes.size() / sizeof(float));
    std::memcpy(numbers_.data(), bytes.data(), numbers_.size() * sizeof(float));
  }

  std::vector<float> take(std::int64_t count) {
    const auto start = numbers_.begin() + at_;
    at_ += count;
    EXPECT_LE(at_, std::ssize(numbers_));
    return {start, start + count};
  }
  bool all_taken() const { return at_ == std::ssize(numbers_); }

 private:
  std::vector<float> numbers_;
  std::int64_t at_ = 0;
};

// Where element (o, i, h, w) is in a weight of this layout and shape [outputs, inputs, 3, 3].
inline std::size_t position(WeightLayout layout, std::int64_t outputs, std::int64_t inputs,
                            std::int64_t o, std::int64_t i, std::int64_t h, std::int64_t w) {
  switch (layout) {
    case WeightLayout::oihw:
      return static_cast<std::size_t>(((o * inputs + i) * 3 + h) * 3 + w);
    case WeightLayout::hwio:
      return static_cast<std::size_t>(((h * 3 + w) * inputs + i) * outputs + o);
    default:
      ADD_FAILURE() << "another layout";
      return 0;
  }
}

using Rounding = std::function<float(std::size_t layer, bool weight, float value)>;

inline void check_values(const std::vector<float>& found, const std::vector<float>& expected,
                         const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i], expected[i]) << what << " at " << i;
  }
}

// The convolutions of the source are those of network.py, number for number, in the right order.
inline void check_network(const Source& source, const std::string& architecture, bool batch_norm,
                          WeightLayout layout, const Rounding& rounded = {}) {
  const std::map<std::string, std::vector<int>> blocks = {{"vgg11", {1, 1, 2, 2, 2}},
                                                          {"vgg13", {2, 2, 2, 2, 2}},
                                                          {"vgg16", {2, 2, 3, 3, 3}},
                                                          {"vgg19", {2, 2, 4, 4, 4}}};
  const std::vector<int> widths = {2, 4, 8, 16, 16};
  ExpectedNumbers expected(architecture + (batch_norm ? "_bn" : ""));
  std::int64_t inputs = 3;
  std::size_t index = 0;
  const auto numbers = [&](std::size_t tensor) { return read_all(source.tensors.at(tensor)); };
  for (std::size_t block = 0; block < widths.size(); ++block) {
    for (int conv = 0; conv < blocks.at(architecture)[block]; ++conv, ++index) {
      ASSERT_LT(index, source.layers.size());
      const SourceLayer& layer = source.layers[index];
      ASSERT_EQ(layer.kind, LayerKind::conv);
      ASSERT_EQ(layer.layout, layout) << layer.name;
      const std::int64_t outputs = widths[block];
      std::vector<float> weight(static_cast<std::size_t>(outputs * inputs * 9), NAN);
      const std::vector<float> oihw = expected.take(std::ssize(weight));
      for (std::int64_t at = 0; at < std::ssize(oihw); ++at) {
        const float value = oihw[static_cast<std::size_t>(at)];
        weight[position(layout, outputs, inputs, at / 9 / inputs, at / 9 % inputs, at / 3 % 3,
                        at % 3)] = rounded ? rounded(index, true, value) : value;
      }
      check_values(numbers(layer.weight), weight, layer.name + " weight");
      std::vector<float> bias = expected.take(outputs);
      for (float& value : bias) {
        value = rounded ? rounded(index, false, value) : value;
      }
      ASSERT_TRUE(layer.bias) << layer.name;
      check_values(numbers(*layer.bias), bias, layer.name + " bias");
      ASSERT_EQ(layer.batch_norm.has_value(), batch_norm) << layer.name;
      if (batch_norm) {
        const BatchNorm& norm = *layer.batch_norm;
        for (const std::size_t part : {norm.gamma, norm.beta, norm.mean, norm.variance}) {
          check_values(numbers(part), expected.take(outputs), source.tensors[part].name);
        }
        EXPECT_EQ(norm.epsilon, 1e-5);
      }
      inputs = outputs;
    }
  }
  EXPECT_TRUE(expected.all_taken());
  for (; index < source.layers.size(); ++index) {
    EXPECT_EQ(source.layers[index].kind, LayerKind::linear) << source.layers[index].name;
  }
}

inline std::vector<std::string> linear_names(const Source& source) {
  std::vector<std::string> names;
  for (const SourceLayer& layer : source.layers) {
    if (layer.kind == LayerKind::linear) {
      names.push_back(layer.name);
    }
  }
  return names;
}

}  // namespace gramgrad::converter
