// Mean activations over pictures, and the factors that make them 1.
#include "weights_converter/normalise.h"

#include <algorithm>
#include <numeric>

#include "apps/support/image_file.h"
#include "apps/support/picture_tensor.h"
#include "kernels/check.h"
#include "kernels/ops.h"
#include "nn/tap.h"
#include "nn/vgg.h"
#include "weights_converter/activations.h"
#include "weights_converter/memory_limit.h"

namespace gramgrad::converter {
namespace {

constexpr std::int64_t most_side = 512;

Tensor load_picture(const std::string& path, const Device& device, std::int64_t smallest,
                    std::vector<std::string>& notes) {
  const MemoryLimit lifted(std::nullopt);  // a picture is not the file that is being read
  apps::LoadedImage loaded = apps::read_image(path);
  notes.insert(notes.end(), loaded.warnings.begin(), loaded.warnings.end());
  apps::composite_over(loaded.image, 0.5F, 0.5F, 0.5F);
  Tensor picture = apps::colour_tensor(loaded.image, device, DType::f32);
  const std::int64_t side = std::max(picture.shape()[1], picture.shape()[2]);
  const auto scaled = [&](std::int64_t length) {
    return side <= most_side ? length : std::max<std::int64_t>(1, length * most_side / side);
  };
  const Shape shape{1, scaled(picture.shape()[1]), scaled(picture.shape()[2]), 3};
  check(std::min(shape[1], shape[2]) >= smallest,
        "{}: {}x{} pixels are too few; {} are needed on each side", path, shape[2], shape[1],
        smallest);
  if (shape == picture.shape()) {
    return picture;
  }
  Tensor small(device, shape, DType::f32);
  device.ops().resize(ResizeFilter::area, picture, small);
  return small;
}

// sums[layer][channel] += the map's numbers; returns its pixels.
void add_map(const Tensor& map, std::vector<double>& sums) {
  const std::vector<float> values = map.to_host<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[i % sums.size()] += values[i];
  }
}

std::vector<std::vector<double>> mean_activations(const Plan& plan,
                                                  const std::vector<WalkLayer>& layers,
                                                  const std::vector<std::string>& pictures,
                                                  std::vector<std::string>& notes) {
  const Device device = Device::cpu();
  const nn::Tap last = nn::find_tap(plan.architecture, layers.back().relu);
  std::vector<std::vector<double>> sums;
  sums.reserve(layers.size());
  for (const WalkLayer& layer : layers) {
    sums.emplace_back(static_cast<std::size_t>(layer.shape.out));
  }
  std::vector<double> pixels(layers.size());
  for (const std::string& path : pictures) {
    const Tensor picture = load_picture(path, device, nn::smallest_side(last), notes);
    walk(layers, plan.feeding, picture, [&](const WalkLayer& layer, const Tensor& map) {
      const auto position = static_cast<std::size_t>(&layer - layers.data());
      add_map(map, sums[position]);
      pixels[position] += static_cast<double>(map.shape()[1] * map.shape()[2]);
    });
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (double& sum : sums[i]) {
      sum /= pixels[i];
    }
  }
  return sums;
}

}  // namespace

std::vector<ChannelFactors> normalising_factors(const Plan& plan,
                                                const std::vector<StoredLayer>& layers,
                                                const std::vector<std::string>& pictures,
                                                std::vector<std::string>& notes) {
  const std::vector<WalkLayer> convs = walk_layers(plan.architecture, layers);
  std::vector<std::vector<double>> means = mean_activations(plan, convs, pictures, notes);
  std::vector<ChannelFactors> factors(layers.size());
  std::size_t silent = 0;
  for (std::size_t i = 0; i < means.size(); ++i) {
    for (double& mean : means[i]) {
      if (!(mean > 0)) {
        mean = 1;
        ++silent;
      }
      factors[i].out.push_back(1 / mean);
    }
    if (i + 1 < factors.size()) {
      factors[i + 1].in = means[i];
    }
  }
  if (silent > 0) {
    notes.push_back(
        fmt::format("{} filters answer nowhere in the pictures and were left as they are", silent));
  }
  return factors;
}

}  // namespace gramgrad::converter
