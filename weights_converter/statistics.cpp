// Statistics of weights.
#include "weights_converter/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "nn/tensor_view.h"

namespace gramgrad::converter {
namespace {

struct Published {
  int channels;
  double weight_norm;
  double bias_norm;
};

// Of conv1_1 to conv5_3. Norms do not depend on the order of rows, columns and channels.
constexpr std::array published_vgg16 = {
    Published{64, 8.592892, 4.795279},  Published{64, 8.210136, 2.71893},
    Published{128, 8.749625, 1.865162}, Published{128, 9.040256, 2.144931},
    Published{256, 9.436502, 1.164277}, Published{256, 9.482877, 1.347733},
    Published{256, 9.743015, 1.396555}, Published{512, 10.92816, 1.300523},
    Published{512, 11.73304, 1.204936}, Published{512, 12.28309, 1.701468},
    Published{512, 13.38392, 3.1466},   Published{512, 13.50423, 4.947391},
    Published{512, 13.12843, 11.65547},
};

// Rounding to bf16 moves a norm by less than 1e-5 of it; the least that fine-tuning was seen to do
// to the worst of these layers is 1.8e-2.
constexpr double tolerance = 5e-4;

std::string compare(const std::string& layer, const char* what, double norm, double published) {
  return std::abs(norm - published) <= tolerance * published
             ? std::string()
             : fmt::format("the {} of {} have norm {:.5g}, the published ones {:.5g}", what, layer,
                           norm, published);
}

}  // namespace

Statistics statistics_of(const nn::TensorStream& tensor) {
  Statistics result;
  result.least = std::numeric_limits<float>::infinity();
  result.most = -result.least;
  double sum = 0;
  double squares = 0;
  std::size_t count = 0;
  std::size_t seen = 0;
  std::size_t per_output = 1;
  for (std::size_t i = 1; i < tensor.shape.size(); ++i) {
    per_output *= static_cast<std::size_t>(tensor.shape[i]);
  }
  bool alive = false;
  tensor.produce([&](std::span<const std::byte> piece) {
    const nn::TensorView view{tensor.name, tensor.dtype, {}, piece};
    std::vector<float> values(view.element_count());
    nn::expand_to_f32(view, values);
    for (const float value : values) {
      sum += value;
      squares += static_cast<double>(value) * value;
      result.least = std::min(result.least, value);
      result.most = std::max(result.most, value);
      alive = alive || value != 0;
      if (++seen == per_output) {
        result.dead += alive ? 0 : 1;
        seen = 0;
        alive = false;
      }
    }
    count += values.size();
  });
  result.mean = sum / static_cast<double>(count);
  result.norm = std::sqrt(squares);
  return result;
}

std::string difference_from_published_vgg16(const std::string& architecture,
                                            const std::vector<StoredLayer>& layers) {
  std::size_t position = 0;
  for (const StoredLayer& layer : layers) {
    if (!layer.name.starts_with("conv")) {
      break;
    }
    if (architecture != "vgg16" || layer.shape.out != published_vgg16.at(position).channels) {
      return "it has another architecture or other widths";
    }
    const Published& published = published_vgg16.at(position);
    std::string text =
        compare(layer.name, "weights", statistics_of(layer.weight).norm, published.weight_norm);
    text = text.empty()
               ? compare(layer.name, "biases", statistics_of(layer.bias).norm, published.bias_norm)
               : text;
    if (!text.empty()) {
      return text;
    }
    ++position;
  }
  return "";
}

}  // namespace gramgrad::converter
