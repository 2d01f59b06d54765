// Times each convolution of VGG19 by itself, forward (with bias, ReLU and its mask) and the
// gradient of its input, gramgrad beside oneDNN's direct convolution with its weights packed
// beforehand.
//
//   layer_times --size 512 --threads 2 --rounds 7
//
// All four in turn, `rounds` times. Prints the processor's FMA peak, then for each layer the
// medians, as lines of JSON. bench/compare_layers.py puts PyTorch beside them.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "bench/fma_peak.h"
#include "kernels/check.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ops.h"
#include "tests/kernels/cases.h"

namespace {

using namespace gramgrad;

struct Layer {
  const char* name;
  int in, out;
  int shrunk;  // sides of the map are the picture's divided by this
};

// Layers of the same shape once.
constexpr Layer layers[] = {{"conv1_2", 64, 64, 1},   {"conv2_1", 64, 128, 2},
                            {"conv2_2", 128, 128, 2}, {"conv3_1", 128, 256, 4},
                            {"conv3_2", 256, 256, 4}, {"conv4_1", 256, 512, 8},
                            {"conv4_2", 512, 512, 8}, {"conv5_1", 512, 512, 16}};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The tensors of a layer, and the four pieces of work on them.
class LayerTimes {
 public:
  LayerTimes(const Layer& layer, int size, const Device& device)
      : device_(device),
        backend_(device.state().backend<cpu::CpuBackend>()),
        side_(size / layer.shrunk),
        inputs_(device, {}),
        x_(inputs_.values("x", {1, side_, side_, layer.in})),
        w_(inputs_.values("w", {layer.out, 3, 3, layer.in})),
        bias_(inputs_.values("bias", {layer.out})),
        y_(inputs_.values("y", {1, side_, side_, layer.out})),
        dx_(inputs_.assigned(x_.shape())),
        mask_(inputs_.assigned_bytes(relu_mask_shape(y_.shape()))) {}

  void forward() { device_.ops().conv2d(params_, x_, w_, bias_, {.y = &y_, .relu_mask = &mask_}); }
  void gradient() {
    device_.ops().conv2d_backward_input(params_, {.dy = &y_, .relu_mask = &mask_}, w_, dx_,
                                        WriteMode::assign);
  }
  void direct_forward() {
    const auto& plan = backend_.plan(key(cpu::ConvolutionKind::forward, true));
    backend_.run(plan, x_.data<float>(),
                 backend_.pack(plan, w_, cpu::WeightOrientation::plain, true), bias_.data<float>(),
                 y_.data<float>());
  }
  void direct_gradient() {
    const auto& plan = backend_.plan(key(cpu::ConvolutionKind::backward_input, false));
    backend_.run(plan, y_.data<float>(),
                 backend_.pack(plan, w_, cpu::WeightOrientation::plain, true), nullptr,
                 dx_.data<float>());
  }
  double operations() const { return 2.0 * 9 * static_cast<double>(x_.shape()[3] * y_.size()); }

 private:
  cpu::ConvolutionKey key(cpu::ConvolutionKind kind, bool bias) const {
    return {.kind = kind,
            .in_height = side_,
            .in_width = side_,
            .in_channels = x_.shape()[3],
            .out_height = side_,
            .out_width = side_,
            .out_channels = y_.shape()[3],
            .kernel_height = 3,
            .kernel_width = 3,
            .stride = 1,
            .pad_top = 1,
            .pad_bottom = 1,
            .pad_left = 1,
            .pad_right = 1,
            .bias = bias};
  }

  const Conv2dParams params_{.padding = 1, .relu = true, .frozen_weights = true};
  Device device_;
  cpu::CpuBackend& backend_;
  std::int64_t side_;
  tests::Inputs inputs_;
  Tensor x_, w_, bias_, y_, dx_, mask_;
};

void time_layer(const Layer& layer, int size, int rounds, const Device& device) {
  LayerTimes times(layer, size, device);
  const std::array<std::pair<const char*, std::function<void()>>, 4> work = {{
      {"forward_ms", [&] { times.forward(); }},
      {"direct_forward_ms", [&] { times.direct_forward(); }},
      {"gradient_ms", [&] { times.gradient(); }},
      {"direct_gradient_ms", [&] { times.direct_gradient(); }},
  }};
  std::array<std::vector<double>, 4> milliseconds;
  for (int round = -1; round < rounds; ++round) {
    for (std::size_t i = 0; i < work.size(); ++i) {
      const double seconds = seconds_of(work[i].second);
      if (round >= 0) {
        milliseconds[i].push_back(1e3 * seconds);
      }
    }
  }
  nlohmann::json line{{"layer", layer.name},
                      {"in", layer.in},
                      {"out", layer.out},
                      {"side", size / layer.shrunk},
                      {"operations", times.operations()}};
  for (std::size_t i = 0; i < work.size(); ++i) {
    line[work[i].first] = median(milliseconds[i]);
  }
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Times each convolution of VGG19 beside oneDNN's direct one");
  int size = 512;
  int threads = 2;
  int rounds = 7;
  app.add_option("--size", size, "side of the square picture")->check(CLI::Range(16, 4096));
  app.add_option("--threads", threads, "threads")->check(CLI::Range(1, 1024));
  app.add_option("--rounds", rounds, "timed rounds")->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  std::printf("%s\n", nlohmann::json{{"fma_peak", bench::fma_peak(threads)}}.dump().c_str());
  const Device device = Device::cpu(threads);
  for (const Layer& layer : layers) {
    time_layer(layer, size, rounds, device);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "layer_times: %s\n", error.what());
  return 2;
}
