// Sources for tests.
#include "tests/weights_converter/made_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <sstream>

#include "nn/architecture.h"

namespace gramgrad::converter {

Numbers random_numbers(std::vector<std::int64_t> shape, unsigned seed) {
  const auto count =
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  std::mt19937 random(seed);
  // A deviation that keeps what passes through the layers of one size.
  const double inputs = static_cast<double>(count) / static_cast<double>(shape.front());
  std::normal_distribution<float> normal(0, static_cast<float>(std::sqrt(2 / inputs)));
  Numbers numbers{std::move(shape), std::vector<float>(static_cast<std::size_t>(count))};
  std::generate(numbers.values.begin(), numbers.values.end(), [&] { return normal(random); });
  return numbers;
}

SourceTensor made_tensor(std::string name, const Numbers& numbers, ElementType type) {
  SourceTensor tensor{std::move(name), type, numbers.shape, nullptr};
  tensor.read = [values = numbers.values](std::int64_t first, std::span<float> out) {
    std::copy_n(values.begin() + first, out.size(), out.begin());
  };
  return tensor;
}

Source made_source(const std::vector<std::int64_t>& widths, const std::vector<std::int64_t>& linear,
                   std::int64_t side) {
  Source source;
  source.format = "made";
  source.feeding = torchvision_feeding();
  const auto add = [&](LayerKind kind, std::vector<std::int64_t> shape) {
    const std::string name = fmt::format("layer{}", source.layers.size());
    const auto seed = static_cast<unsigned>(source.tensors.size());
    source.layers.push_back({kind,
                             name,
                             kind == LayerKind::conv ? WeightLayout::oihw : WeightLayout::oi,
                             source.tensors.size(),
                             source.tensors.size() + 1,
                             {}});
    source.tensors.push_back(made_tensor(name + ".weight", random_numbers(shape, seed)));
    source.tensors.push_back(made_tensor(name + ".bias", random_numbers({shape[0]}, seed + 1)));
  };
  std::int64_t in = 3;
  for (const std::int64_t out : widths) {
    add(LayerKind::conv, {out, in, 3, 3});
    in = out;
  }
  in *= side * side;
  for (const std::int64_t out : linear) {
    add(LayerKind::linear, {out, in});
    in = out;
  }
  return source;
}

std::vector<std::int64_t> small_widths(const std::string& architecture) {
  constexpr std::array<std::int64_t, 5> width{2, 3, 5, 6, 6};
  std::vector<std::int64_t> widths;
  const auto& convs = nn::find_architecture(architecture).convs;
  for (std::size_t block = 0; block < convs.size(); ++block) {
    widths.insert(widths.end(), static_cast<std::size_t>(convs[block]), width[block]);
  }
  return widths;
}

InputFilePtr any_file() {
  return open_input(std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/network.py");
}

std::vector<Features> read_features(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<Features> result;
  Features next;
  while (file >> next.layer >> next.height >> next.width >> next.channels) {
    next.values.resize(static_cast<std::size_t>(next.height * next.width * next.channels));
    for (double& value : next.values) {
      file >> value;
    }
    EXPECT_TRUE(file) << path << " " << next.layer;
    result.push_back(next);
  }
  return result;
}

std::vector<double> network_picture() {
  std::vector<double> values;
  for (int y = 0; y < 24; ++y) {
    for (int x = 0; x < 20; ++x) {
      for (int c = 0; c < 3; ++c) {
        values.push_back(((7 * x + 13 * y + 29 * c + x * y) % 256) / 255.0);
      }
    }
  }
  return values;
}

}  // namespace gramgrad::converter
