// Pictures and networks from one integer hash.
#include "tests/nn/synthetic_vgg.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "nn/architecture.h"
#include "nn/weights_writer.h"

namespace gramgrad::nn {
namespace {

// A coordinate between the knots: the cell's first knot, and how far into the cell.
struct Place {
  std::int64_t cell;
  double within;
};
Place place(std::int64_t i, std::int64_t count) {
  const double at = static_cast<double>(i) * 3.0 / static_cast<double>(count - 1);
  const std::int64_t cell = std::min<std::int64_t>(static_cast<std::int64_t>(at), 2);
  return {cell, at - static_cast<double>(cell)};
}

double mix(double a, double b, double t) {
  return a * (1 - t) + b * t;
}

std::vector<float> scaled(std::uint64_t stream, std::int64_t count, double limit) {
  std::vector<float> values;
  for (const double u : synthetic_uniform(stream, count)) {
    values.push_back(static_cast<float>((2 * u - 1) * limit));
  }
  return values;
}

TensorView view(const std::string& name, std::vector<std::int64_t> shape,
                const std::vector<float>& values) {
  return {name, DType::f32, std::move(shape), std::as_bytes(std::span(values))};
}

}  // namespace

std::vector<double> synthetic_uniform(std::uint64_t stream, std::int64_t count) {
  std::vector<double> values(static_cast<std::size_t>(count));
  std::uint64_t index = stream << 32;
  for (double& value : values) {
    value = static_cast<double>(splitmix64(index++) >> 11) * 0x1p-53;
  }
  return values;
}

Tensor synthetic_picture(std::uint64_t stream, std::int64_t height, std::int64_t width,
                         const Device& device, DType dtype) {
  const std::vector<double> knots = synthetic_uniform(stream, 48);
  const std::vector<double> noise = synthetic_uniform(stream + 1, height * width * 3);
  std::vector<double> values;
  for (std::int64_t h = 0; h < height; ++h) {
    const auto [i, v] = place(h, height);
    for (std::int64_t w = 0; w < width; ++w) {
      const auto [j, u] = place(w, width);
      for (std::int64_t c = 0; c < 3; ++c) {
        const auto row = [&, j = j, u = u](std::int64_t r) {
          const double* knot = knots.data() + (r * 4 + j) * 3 + c;
          return mix(knot[0], knot[3], u);
        };
        values.push_back(0.9 * mix(row(i), row(i + 1), v) + 0.4 * noise[values.size()] - 0.15);
      }
    }
  }
  return Tensor::from_host<double>(device, {1, height, width, 3}, dtype, values);
}

std::vector<std::byte> synthetic_vgg19(int width) {
  WeightsDescription description;
  description.architecture = "vgg19";
  description.provenance = {"synthetic", std::string(64, '0'), "hash", "CC0-1.0", "nobody", "none",
                            "none"};
  description.feeding = {ChannelOrder::bgr, 255, {103.939, 116.779, 123.68}, {1, 1, 1}};
  std::vector<std::vector<float>> values;
  std::vector<TensorView> tensors;
  std::int64_t inputs = 3;
  for (const std::string& name : conv_names(find_architecture("vgg19"), "conv5_1")) {
    const std::uint64_t stream = 1000 + values.size();
    const std::int64_t outputs = width * std::min(1 << (name[4] - '1'), 8);
    const double limit = std::sqrt(6.0 / static_cast<double>(9 * inputs));
    values.push_back(scaled(stream, outputs * 9 * inputs, limit));
    tensors.push_back(view(name + ".weight", {outputs, 3, 3, inputs}, values.back()));
    values.push_back(scaled(stream + 1, outputs, 4));
    tensors.push_back(view(name + ".bias", {outputs}, values.back()));
    inputs = outputs;
  }
  return encode_weights(description, tensors);
}

}  // namespace gramgrad::nn
