// Files for the tests of weights_converter/graphs: those that make_onnx.py, make_caffe.py and
// make_tfjs.py wrote, and small ones put together byte by byte.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/source.h"

namespace gramgrad::converter::testing_graphs {

inline std::string data_path(const std::string& name) {
  return std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/data/" + name;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A folder of its own, removed in the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "graphs_XXXXXX").string();
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  // The path of a new file with these contents.
  std::string write(const std::string& name, const std::string& contents) const {
    const std::string path = (path_ / name).string();
    std::filesystem::remove(path);  // the old one may still be mapped
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }

 private:
  std::filesystem::path path_;
};

inline std::span<const std::byte> bytes_of(const std::string& contents) {
  return std::as_bytes(std::span(contents));
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

// Protobuf's wire format.
inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>(value | 0x80);
  }
  return bytes + static_cast<char>(value);
}
inline std::string number(std::uint64_t field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string bytes(std::uint64_t field, const std::string& contents) {
  return varint(field << 3 | 2) + varint(contents.size()) + contents;
}
template <typename Number>
std::string raw(const std::vector<Number>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)};
}
template <typename Number>
std::string fixed(std::uint64_t field, Number value) {
  return varint(field << 3 | (sizeof(Number) == 4 ? 5 : 1)) + raw<Number>({value});
}

inline std::vector<float> random_numbers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> numbers(count);
  for (float& value : numbers) {
    value = uniform(random);
  }
  return numbers;
}

// Element [o, i, h, w] (or [o, i]) by plain arithmetic, for every layout.
inline std::vector<float> in_project_order(const Source& source, const SourceLayer& layer) {
  const SourceTensor& tensor = source.tensors[layer.weight];
  const std::vector<float> values = read_all(tensor);
  const std::string names[] = {"oihw", "hwio", "ohwi", "oiwh", "oi", "io"};
  const std::string& order = names[static_cast<int>(layer.layout)];
  EXPECT_EQ(tensor.shape.size(), order.size()) << tensor.name;
  std::int64_t size[4] = {1, 1, 1, 1}, stride[4] = {0, 0, 0, 0};
  std::int64_t step = 1;
  for (std::size_t k = order.size(); k-- > 0;) {
    const std::size_t axis = std::string("oihw").find(order[k]);
    size[axis] = tensor.shape[k];
    stride[axis] = step;
    step *= tensor.shape[k];
  }
  std::vector<float> ordered;
  for (std::int64_t o = 0; o < size[0]; ++o) {
    for (std::int64_t i = 0; i < size[1]; ++i) {
      for (std::int64_t h = 0; h < size[2]; ++h) {
        for (std::int64_t w = 0; w < size[3]; ++w) {
          ordered.push_back(values[static_cast<std::size_t>(o * stride[0] + i * stride[1] +
                                                            h * stride[2] + w * stride[3])]);
        }
      }
    }
  }
  return ordered;
}

// All numbers of the layers, in the order of the files *.f32.
inline std::vector<float> all_numbers(const Source& source) {
  std::vector<float> numbers;
  const auto add = [&](const std::vector<float>& values) {
    numbers.insert(numbers.end(), values.begin(), values.end());
  };
  for (const SourceLayer& layer : source.layers) {
    add(in_project_order(source, layer));
    if (layer.bias) {
      add(read_all(source.tensors[*layer.bias]));
    }
    if (layer.batch_norm) {
      for (const std::size_t index : {layer.batch_norm->gamma, layer.batch_norm->beta,
                                      layer.batch_norm->mean, layer.batch_norm->variance}) {
        add(read_all(source.tensors[index]));
      }
    }
  }
  return numbers;
}

// Compares with data/NAME.f32; `tolerance` is relative to 1.
inline void expect_numbers(const Source& source, const std::string& name, float tolerance = 0) {
  const std::string expected_bytes = read_file(data_path(name + ".f32"));
  std::vector<float> expected(expected_bytes.size() / sizeof(float));
  std::memcpy(expected.data(), expected_bytes.data(), expected.size() * sizeof(float));
  const std::vector<float> numbers = all_numbers(source);
  ASSERT_EQ(numbers.size(), expected.size()) << name;
  ASSERT_GT(numbers.size(), 0U) << name;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const bool equal = std::abs(numbers[i] - expected[i]) <= tolerance;  // false for NaN
    ASSERT_TRUE(equal) << name << " number " << i << ": " << numbers[i] << ", not " << expected[i];
  }
}

// Every tensor read in random pieces gives what it gives at once.
inline void expect_pieces_fit(const Source& source, unsigned seed) {
  std::mt19937 random(seed);
  for (const SourceTensor& tensor : source.tensors) {
    if (!tensor.read) {
      continue;
    }
    const std::vector<float> whole = read_all(tensor);
    for (int trial = 0; trial < 8 && !whole.empty(); ++trial) {
      const std::size_t begin = random() % whole.size();
      const std::size_t count = 1 + random() % (whole.size() - begin);
      std::vector<float> piece(count, std::nanf(""));
      tensor.read(static_cast<std::int64_t>(begin), piece);
      ASSERT_TRUE(std::equal(piece.begin(), piece.end(), whole.begin() + begin))
          << tensor.name << " seed " << seed << ": " << begin << " + " << count;
    }
    std::vector<float> one(1);
    EXPECT_THROW(tensor.read(static_cast<std::int64_t>(whole.size()), one), Error) << tensor.name;
    EXPECT_THROW(tensor.read(-1, one), Error) << tensor.name;
  }
}

using Reader = std::function<Source(InputFilePtr)>;

// Reads the file and all its numbers; only Error may come out, beginning with the path.
inline bool survives(const Reader& read, const std::string& path) {
  try {
    const InputFilePtr file = open_input(path);
    const Source source = read(file);
    for (const SourceTensor& tensor : source.tensors) {
      if (tensor.read) {
        read_all(tensor);
      }
    }
    return true;
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.substr(0, path.size() + 2), path + ": ");
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return false;
  }
}

// Every length and every damaged byte of a file: how many of them could not be read.
inline int try_all_damage(const Reader& read, const std::string& contents) {
  const TemporaryFolder folder;
  int refused = 0;
  for (std::size_t length = 0; length < contents.size(); ++length) {
    refused += survives(read, folder.write("cut", contents.substr(0, length))) ? 0 : 1;
  }
  for (std::size_t i = 0; i < contents.size(); ++i) {
    for (const unsigned flip : {0x01U, 0x08U, 0x80U, 0xffU}) {
      std::string damaged = contents;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ flip);
      refused += survives(read, folder.write("flipped", damaged)) ? 0 : 1;
    }
  }
  return refused;
}

}  // namespace gramgrad::converter::testing_graphs
