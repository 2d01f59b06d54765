// Times one iteration of neural style transfer: forward, losses, backward to the picture.
//
//   nst_iteration --network vgg19 --size 256 --threads 2 --repetitions 10
//
// The network has synthetic weights (the time does not depend on their values), losses are those of
// Gatys et al. 2016: content relu4_2, style relu1_1 to relu5_1. Prints one line of JSON: median,
// minimum and maximum in ms, the allocator's peak, allocations after the first iteration, the loss.
// bench/compare_pytorch.py runs it in turn with PyTorch.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "autograd/variable.h"
#include "kernels/check.h"
#include "nn/networks/embedded.h"
#include "nn/objective.h"
#include "tests/nn/synthetic_vgg.h"

namespace {

using namespace gramgrad;

nn::ObjectiveOptions gatys_losses() {
  nn::ObjectiveOptions options;
  options.style_layers.clear();
  for (const char* tap : {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}) {
    options.style_layers.push_back({tap, 0.2});
  }
  options.tv_weight = 0;
  options.range_weight = 0;
  return options;
}

nn::Vgg load_network(const std::string& name, const Device& device) {
  const bool embedded = name == "vgg16";
  const std::vector<std::byte> synthetic =
      embedded ? std::vector<std::byte>() : nn::synthetic_vgg19();
  const auto file = nn::WeightsFile::from_memory(
      embedded ? nn::embedded_vgg16() : std::span<const std::byte>(synthetic), name);
  return {file, device, DType::f32, PoolKind::max, "relu5_1"};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Times one iteration of neural style transfer");
  std::string network = "vgg19";
  std::int64_t size = 256;
  int threads = 2;
  int repetitions = 10;
  app.add_option("--network", network, "vgg19 (synthetic weights) or vgg16 (the embedded one)")
      ->check(CLI::IsMember({"vgg19", "vgg16"}));
  app.add_option("--size", size, "side of the square picture")->check(CLI::Range(16, 8192));
  app.add_option("--threads", threads, "threads")->check(CLI::Range(1, 1024));
  app.add_option("--repetitions", repetitions, "timed iterations")->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);

  const Device device = Device::cpu(threads);
  const nn::Vgg vgg = load_network(network, device);
  const Tensor content = nn::synthetic_picture(1, size, size, device, DType::f32);
  const std::vector<Tensor> styles{nn::synthetic_picture(2, size, size, device, DType::f32)};
  const nn::Objective objective(vgg, gatys_losses(), content, styles);

  autograd::Variable picture(nn::synthetic_picture(3, size, size, device, DType::f32), true);
  std::vector<double> milliseconds;
  double loss = 0;
  std::size_t allocations = 0;
  for (int repetition = -2; repetition < repetitions; ++repetition) {
    const auto start = std::chrono::steady_clock::now();
    picture.set_grad(Tensor());
    const nn::Objective::Value value = objective(picture);
    autograd::backward(value.total);
    loss = value.total.value().item();
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    if (repetition >= 0) {
      milliseconds.push_back(elapsed.count());
    } else {
      allocations = device.memory().allocations;
    }
  }
  nlohmann::json line{{"network", network},
                      {"size", size},
                      {"threads", threads},
                      {"median_ms", median(milliseconds)},
                      {"min_ms", *std::min_element(milliseconds.begin(), milliseconds.end())},
                      {"max_ms", *std::max_element(milliseconds.begin(), milliseconds.end())},
                      {"peak_tensor_mib", static_cast<double>(device.memory().peak) / (1 << 20)},
                      {"allocations_after_first", device.memory().allocations - allocations},
                      {"loss", loss}};
  std::puts(line.dump().c_str());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "nst_iteration: %s\n", error.what());
  return 2;
}
