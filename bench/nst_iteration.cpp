// Times one iteration of neural style transfer.
//
//   nst_iteration --network vgg19 --size 256 --threads 2 --repetitions 10
//   nst_iteration --device cuda --precision tf32 --optimizer lbfgs --size 512
//
// Without an optimiser: forward, losses, backward to the picture. With one: an iteration of the
// whole program's loop (nn::stylize). The network has synthetic weights (the time does not depend
// on their values), losses are those of Gatys et al. 2016: content relu4_2, style relu1_1 to
// relu5_1. Prints one line of JSON: median, minimum and maximum in ms, the allocator's peak,
// allocations after the first iterations, the loss. bench/compare_pytorch.py runs it in turn with
// PyTorch.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "autograd/variable.h"
#include "bench/timing.h"
#include "kernels/check.h"
#include "nn/networks/embedded.h"
#include "nn/stylizer.h"
#include "tests/nn/synthetic_vgg.h"

namespace {

using namespace gramgrad;

struct Options {
  std::string network = "vgg19";
  std::string device = "cpu";
  std::string precision = "f32";
  std::string optimizer = "none";
  bool autotune = false;
  std::int64_t size = 256;
  int threads = 2;
  int repetitions = 10;
};

struct Outcome {
  std::vector<double> milliseconds;
  std::size_t allocations = 0;  // after the first iterations
  double loss = 0;
};

constexpr int untimed = 2;  // first iterations

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

nn::Vgg load_network(const std::string& name, const std::string& precision, const Device& device) {
  const bool bf16_maps = precision == "bf16" && device.supports(DType::bf16);
  const bool embedded = name == "vgg16";
  const std::vector<std::byte> synthetic =
      embedded ? std::vector<std::byte>() : nn::synthetic_vgg19();
  const auto file = nn::WeightsFile::from_memory(
      embedded ? nn::embedded_vgg16() : std::span<const std::byte>(synthetic), name);
  return {file, device, bf16_maps ? DType::bf16 : DType::f32, PoolKind::max, "relu5_1"};
}

Tensor picture(int stream, const Options& options, const Device& device) {
  return nn::synthetic_picture(static_cast<std::uint64_t>(stream), options.size, options.size,
                               device, DType::f32);
}

// The objective and its gradient, nothing else.
Outcome evaluate(const Options& options, const nn::Vgg& vgg, const Device& device) {
  const std::vector<Tensor> styles{picture(2, options, device)};
  const nn::Objective objective(vgg, gatys_losses(), picture(1, options, device), styles);
  autograd::Variable x(picture(3, options, device), true);
  Outcome outcome;
  for (int repetition = -untimed; repetition < options.repetitions; ++repetition) {
    const std::size_t allocations = device.memory().allocations;
    const double elapsed = bench::milliseconds_of(
        device,
        [&] {
          x.set_grad(Tensor());
          const nn::Objective::Value value = objective(x);
          autograd::backward(value.total);
          outcome.loss = value.total.value().item();
        },
        1);
    if (repetition >= 0) {
      outcome.milliseconds.push_back(elapsed);
      outcome.allocations += device.memory().allocations - allocations;
    }
  }
  return outcome;
}

// Iterations of the loop as the program runs it. A device may run ahead of the host and report
// several iterations at once: hence means over a fifth of them.
Outcome optimize(const Options& options, const nn::Vgg& vgg, const Device& device) {
  nn::StylizerOptions stylizer;
  stylizer.objective = gatys_losses();
  stylizer.optimizer.kind =
      options.optimizer == "adam" ? nn::OptimizerKind::adam : nn::OptimizerKind::lbfgs;
  const int share = std::max(1, options.repetitions / 5);
  Outcome outcome;
  int timed = -untimed;
  std::size_t allocations = 0;
  auto start = std::chrono::steady_clock::now();
  const nn::Scale scale{options.size, options.size, untimed + options.repetitions};
  nn::stylize(vgg, stylizer, {picture(1, options, device), {picture(2, options, device)}, {}},
              std::span(&scale, 1), [&](const nn::IterationReport& report, const Tensor&) {
                ++timed;
                if (timed >= 0 && timed % share == 0) {
                  const auto now = std::chrono::steady_clock::now();
                  const std::chrono::duration<double, std::milli> elapsed = now - start;
                  if (timed == 0) {
                    allocations = device.memory().allocations;
                  } else {
                    outcome.milliseconds.push_back(elapsed.count() / share);
                  }
                  start = now;
                  outcome.allocations = device.memory().allocations - allocations;
                }
                outcome.loss = report.total;
                return true;
              });
  check(!outcome.milliseconds.empty(), "{} stopped before {} iterations", options.optimizer,
        untimed + share);
  return outcome;
}

Options parsed(CLI::App& app, int argc, char** argv) {
  Options options;
  app.add_option("--network", options.network,
                 "vgg19 (synthetic weights) or vgg16 (the embedded one)")
      ->check(CLI::IsMember({"vgg19", "vgg16"}));
  app.add_option("--device", options.device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--precision", options.precision,
                 "f32, bf16, on a GPU tf32, on the processor mixed")
      ->check(CLI::IsMember({"f32", "tf32", "mixed", "bf16"}));
  app.add_option("--optimizer", options.optimizer, "none, adam or lbfgs")
      ->check(CLI::IsMember({"none", "adam", "lbfgs"}));
  app.add_flag("--autotune", options.autotune, "with tf32 and bf16, the fastest of cuDNN's plans");
  app.add_option("--size", options.size, "side of the square picture")->check(CLI::Range(16, 8192));
  app.add_option("--threads", options.threads, "threads, on the CPU")->check(CLI::Range(1, 1024));
  app.add_option("--repetitions", options.repetitions, "timed iterations")
      ->check(CLI::Range(1, 1000));
  app.parse(argc, argv);
  return options;
}

Device chosen_device(const Options& options) {
  const std::string& precision = options.precision;
  if (options.device == "cpu") {
    return Device::cpu(options.threads, precision == "f32"     ? Math::f32
                                        : precision == "tf32"  ? Math::tf32
                                        : precision == "mixed" ? Math::mixed
                                                               : Math::bf16);
  }
  check(precision != "mixed", "mixed is for --device cpu");
  return Device::cuda(0, precision == "f32" ? Math::f32 : Math::tf32,
                      options.autotune ? CudaPlans::measured : CudaPlans::expected);
}

void print(const Options& options, const Device& device, const Outcome& outcome) {
  const bench::Times times = bench::times_of(outcome.milliseconds);
  const nlohmann::json line{
      {"network", options.network},
      {"device", device.name()},
      {"precision", options.precision},
      {"optimizer", options.optimizer},
      {"autotune", options.autotune},
      {"size", options.size},
      {"threads", device.threads()},
      {"median_ms", times.median},
      {"min_ms", times.smallest},
      {"max_ms", times.largest},
      {"peak_tensor_mib", static_cast<double>(device.memory().peak) / (1 << 20)},
      {"allocations_after_first", outcome.allocations},
      {"loss", outcome.loss}};
  std::puts(line.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Times one iteration of neural style transfer");
  Options options;
  try {
    options = parsed(app, argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const Device device = chosen_device(options);
  const nn::Vgg vgg = load_network(options.network, options.precision, device);
  print(options, device,
        options.optimizer == "none" ? evaluate(options, vgg, device)
                                    : optimize(options, vgg, device));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "nst_iteration: %s\n", error.what());
  return 2;
}
