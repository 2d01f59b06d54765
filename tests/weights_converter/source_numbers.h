// The numbers that a reader finds, against those that the scripts beside this file stored in
// data/*.f32.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/weights_converter/reader_checks.h"

namespace gramgrad::converter {

inline const SourceTensor& find_tensor(const Source& source, const std::string& name) {
  const auto found = std::ranges::find(source.tensors, name, &SourceTensor::name);
  EXPECT_NE(found, source.tensors.end()) << "there is no tensor " << name;
  return found == source.tensors.end() ? source.tensors.at(0) : *found;
}

inline std::vector<SourceLayer> layers_of(const Source& source, LayerKind kind) {
  std::vector<SourceLayer> layers;
  std::ranges::copy_if(source.layers, std::back_inserter(layers),
                       [&](const SourceLayer& layer) { return layer.kind == kind; });
  return layers;
}

inline std::vector<std::string> names_of(const std::vector<SourceLayer>& layers) {
  std::vector<std::string> names;
  std::ranges::transform(layers, std::back_inserter(names), &SourceLayer::name);
  return names;
}

inline std::vector<std::string> linear_names(const Source& source) {
  return names_of(layers_of(source, LayerKind::linear));
}

// Elements [o, i, h, w] (or [o, i]) by plain arithmetic, for every layout.
inline std::vector<float> in_project_order(const Source& source, const SourceLayer& layer) {
  const SourceTensor& tensor = source.tensors.at(layer.weight);
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

// What the files *.f32 hold of each layer: weights, biases, and what it normalises with.
inline std::vector<std::vector<float>> arrays_of(const Source& source, const SourceLayer& layer) {
  std::vector<std::vector<float>> arrays{in_project_order(source, layer)};
  const auto add = [&](std::size_t tensor) {
    arrays.push_back(read_all(source.tensors.at(tensor)));
  };
  if (layer.bias) {
    add(*layer.bias);
  }
  if (layer.batch_norm) {
    for (const std::size_t tensor : {layer.batch_norm->gamma, layer.batch_norm->beta,
                                     layer.batch_norm->mean, layer.batch_norm->variance}) {
      add(tensor);
    }
  }
  return arrays;
}

// What becomes of a stored number in a file of narrower types.
using Rounding = std::function<float(std::size_t layer, bool weight, float value)>;

// Compares the layers with data/NAME.f32, which must have no more. `tolerance` is absolute.
inline void expect_numbers(const Source& source, const std::vector<SourceLayer>& layers,
                           const std::string& name, float tolerance = 0,
                           const Rounding& rounded = {}) {
  const std::string bytes = read_bytes(data_path(name + ".f32"));
  std::vector<float> expected(bytes.size() / sizeof(float));
  std::memcpy(expected.data(), bytes.data(), expected.size() * sizeof(float));
  ASSERT_GT(expected.size(), 0u) << name;
  std::size_t at = 0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const std::vector<std::vector<float>> arrays = arrays_of(source, layers[l]);
    for (std::size_t a = 0; a < arrays.size(); ++a) {
      for (const float number : arrays[a]) {
        ASSERT_LT(at, expected.size()) << name << " has more numbers than there were";
        const float wanted = rounded ? rounded(l, a == 0, expected[at]) : expected[at];
        const bool equal = std::abs(number - wanted) <= tolerance;  // false for NaN
        ASSERT_TRUE(equal) << name << ", " << layers[l].name << ", number " << at << ": " << number
                           << ", not " << wanted;
        ++at;
      }
    }
  }
  EXPECT_EQ(at, expected.size()) << name << " has fewer numbers than there were";
}
inline void expect_numbers(const Source& source, const std::string& name, float tolerance = 0) {
  expect_numbers(source, source.layers, name, tolerance);
}
inline void expect_numbers(const Source& source, LayerKind kind, const std::string& name) {
  expect_numbers(source, layers_of(source, kind), name);
}

// What a tensor needs of its file is there as long as the tensor.
inline void expect_tensors_outlive_the_source(const std::string& name, const Reader& read) {
  const auto first = [&] { return read(open_input(data_path(name))).tensors.at(0); };
  const SourceTensor tensor = first();
  EXPECT_EQ(read_all(tensor), read_all(first())) << name;
}

// Every tensor read in random pieces, forward and back, gives what it gives at once.
inline void expect_pieces_fit(const Source& source, unsigned seed) {
  std::mt19937 random(seed);
  for (const SourceTensor& tensor : source.tensors) {
    if (!tensor.read) {
      continue;
    }
    SCOPED_TRACE(testing::Message() << tensor.name << " seed " << seed);
    const std::vector<float> whole = read_all(tensor);
    for (int trial = 0; trial < 20; ++trial) {
      const std::size_t begin = random() % (whole.size() + 1);
      const std::size_t count = random() % (whole.size() - begin + 1);
      std::vector<float> piece(count, std::nanf(""));
      tensor.read(static_cast<std::int64_t>(begin), piece);
      const auto start = whole.begin() + static_cast<std::ptrdiff_t>(begin);
      ASSERT_EQ(piece, std::vector<float>(start, start + std::ssize(piece)))
          << begin << " + " << count;
    }
    std::vector<float> two(2);
    EXPECT_THROW(tensor.read(tensor.element_count() - 1, two), Error);
    EXPECT_THROW(tensor.read(-1, two), Error);
  }
}

}  // namespace gramgrad::converter
