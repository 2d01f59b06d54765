// Golden activations: computing and comparing.
#include "weights_converter/golden.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/check.h"

namespace gramgrad::converter {
namespace {

constexpr const char* picture_name = "gramgrad.1";
constexpr std::int64_t height = 32;
constexpr std::int64_t width = 48;

double nine_digits(double value) {
  return std::stod(fmt::format("{:.9g}", value));
}

nn::GoldenActivation summary(const std::string& layer, const std::vector<double>& values) {
  nn::GoldenActivation result;
  result.layer = layer;
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const double squares = std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
  result.mean = sum / static_cast<double>(values.size());
  result.l2 = std::sqrt(squares);
  const std::size_t last = values.size() - 1;
  result.samples = {values[0], values[last / 3], values[last / 3 * 2], values[last]};
  return result;
}

std::size_t elements(const std::vector<WalkLayer>& layers, std::size_t position) {
  const int halvings = layers[position].relu[4] - '1';
  return static_cast<std::size_t>((height >> halvings) * (width >> halvings) *
                                  layers[position].shape.out);
}

}  // namespace

Tensor golden_picture(const Device& device, DType dtype) {
  std::vector<double> values;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) {
        values.push_back(static_cast<double>((7 * x + 13 * y + 29 * c + x * y) % 256) / 255);
      }
    }
  }
  return Tensor::from_host<double>(device, {1, height, width, 3}, dtype, values);
}

nn::Golden activations_on(const Device& device, const std::vector<WalkLayer>& layers,
                          const nn::Feeding& feeding) {
  const DType dtype = device.supports(DType::f64) ? DType::f64 : DType::f32;
  nn::Golden golden{picture_name, {}};
  walk(layers, feeding, golden_picture(device, dtype),
       [&](const WalkLayer& layer, const Tensor& map) {
         golden.activations.push_back(summary(layer.relu, map.to_host<double>()));
       });
  return golden;
}

nn::Golden golden_of(const std::vector<WalkLayer>& layers, const nn::Feeding& feeding) {
  nn::Golden golden = activations_on(Device::reference(), layers, feeding);
  for (nn::GoldenActivation& activation : golden.activations) {
    activation.mean = nine_digits(activation.mean);
    activation.l2 = nine_digits(activation.l2);
    std::transform(activation.samples.begin(), activation.samples.end(), activation.samples.begin(),
                   nine_digits);
  }
  return golden;
}

double golden_tolerance(const Device& device, const std::vector<WalkLayer>& layers,
                        std::size_t position) {
  const double unit = device.supports(DType::f64) ? 0x1p-53 : 0x1p-24;
  double roundings = 0;
  for (std::size_t i = 0; i <= position; ++i) {
    roundings += 2 * (13 + std::sqrt(9 * static_cast<double>(layers[i].shape.in)));
  }
  return roundings * unit + 0.5e-8;  // the golden numbers' nine digits
}

std::string golden_difference(const nn::Golden& golden, const nn::Golden& found,
                              const Device& device, const std::vector<WalkLayer>& layers) {
  check(golden.picture == picture_name,
        "its golden activations are of the picture \"{}\"; this program draws \"{}\"",
        golden.picture, picture_name);
  for (const nn::GoldenActivation& expected : golden.activations) {
    const auto layer = std::find_if(layers.begin(), layers.end(),
                                    [&](const WalkLayer& l) { return l.relu == expected.layer; });
    if (layer == layers.end()) {
      continue;  // the file ends before
    }
    const auto position = static_cast<std::size_t>(layer - layers.begin());
    const nn::GoldenActivation& actual = found.activations[position];
    // |mean − mean'| ≤ l2(difference) / √n (Cauchy and Schwarz). A single number's error is
    // as the root mean square's, eight times that being beyond all chance.
    const double far = golden_tolerance(device, layers, position);
    const double rms = expected.l2 / std::sqrt(static_cast<double>(elements(layers, position)));
    const auto differ = [&](const char* what, double a, double b, double allowed) {
      return std::abs(a - b) <= allowed
                 ? std::string()
                 : fmt::format("{} of {} is {:.9g}; {:.9g} was stored, and {:.2g} may lie between",
                               what, expected.layer, b, a, allowed);
    };
    std::string text = differ("the mean", expected.mean, actual.mean, far * rms);
    text = text.empty() ? differ("the norm", expected.l2, actual.l2, far * expected.l2) : text;
    for (std::size_t i = 0; i < expected.samples.size() && text.empty(); ++i) {
      text = differ("a number", expected.samples[i], actual.samples[i], 8 * far * rms);
    }
    if (!text.empty()) {
      return text;
    }
  }
  return "";
}

}  // namespace gramgrad::converter
