// Measures what bench/gpu_checks reports besides whole iterations, on one device:
//
//   gpu_bench describe               the device, and the libraries that it uses
//   gpu_bench ceilings               copies, and matrix products by cuBLAS
//   gpu_bench gram --size 512        style losses of VGG's layers, fused, and by cuBLAS
//
// One line of JSON a measurement: its name, median_ms, min_ms, max_ms, the bytes that have to move
// and the operations that have to be done; or its name and why it was not measured.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>

#include "bench/timing.h"
#include "kernels/cuda/product.h"
#include "kernels/ops.h"

namespace {

using namespace gramgrad;
using nlohmann::json;

struct Options {
  std::string device = "cuda";
  std::string precision = "f32";
  std::int64_t size = 512;
  double sample_ms = 20;
  int samples = 11;
};

struct Work {
  std::string name;
  double bytes = 0, operations = 0;
  std::function<void()> run;
};

void measure(const Options& options, const Device& device, const Work& work) {
  json line{{"name", work.name}};
  try {
    const bench::Times times =
        bench::time_work(device, work.run, options.sample_ms, options.samples);
    line.update({{"median_ms", times.median},
                 {"min_ms", times.smallest},
                 {"max_ms", times.largest},
                 {"bytes", work.bytes},
                 {"operations", work.operations}});
  } catch (const Error& error) {
    line["not_measured"] = error.what();
  }
  std::puts(line.dump().c_str());
  std::fflush(stdout);
}

// Random, because a GPU needs less power, and is faster, with zeros.
Tensor random_tensor(const Device& device, const Shape& shape, DType dtype = DType::f32) {
  std::mt19937 generator(static_cast<unsigned>(shape.size()));
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  for (float& value : values) {
    value = uniform(generator);
  }
  return Tensor::from_host<float>(device, shape, dtype, values);
}

// ---------------------------------------------------------------- describe

void describe(const Device& device) {
  const json line{{"device", device.name()},
                  {"description", device.description()},
                  {"cudnn", cuda::cudnn_version()},
                  {"cublas", cuda::cublas_version()}};
  std::puts(line.dump().c_str());
}

// ---------------------------------------------------------------- ceilings

// Far larger than any cache of a GPU.
void measure_copy(const Options& options, const Device& device) {
  const std::int64_t count = options.size * options.size * 256;
  const Tensor from = random_tensor(device, {count});
  Tensor to(device, from.shape(), DType::f32);
  measure(options, device, {"copy", 2.0 * static_cast<double>(from.bytes()), 0, [&] {
                              device.ops().copy(from, to);
                            }});
}

void measure_products(const Options& options, const Device& device) {
  const std::int64_t n = 16 * options.size;
  const auto all_operations =
      2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  Tensor c(device, {n, n}, DType::f32);
  for (const auto& [name, math] : {std::pair{"gemm_f32", cuda::ProductMath::f32},
                                   std::pair{"gemm_tf32", cuda::ProductMath::tf32},
                                   std::pair{"gemm_bf16", cuda::ProductMath::bf16}}) {
    const bool bf16 = math == cuda::ProductMath::bf16 && device.supports(DType::bf16);
    const Tensor factor = random_tensor(device, {n, n}, bf16 ? DType::bf16 : DType::f32);
    const cuda::Product product{.m = n, .n = n, .k = n, .math = math};
    measure(options, device,
            {name, 2.0 * static_cast<double>(factor.bytes()) + static_cast<double>(c.bytes()),
             all_operations, [&] { cuda::multiply(product, factor, factor, c); }});
  }
}

// ---------------------------------------------------------------- gram

// A style loss on one layer: features [1, H, W, C], their gradient and dG as cuBLAS multiplies it
// in `dtype`; the target's Gram matrix and the rest in f32.
struct StyleLayer {
  const Device& device;
  Tensor f, target, g, dg, factor, df, loss;
  double scale;

  StyleLayer(const Device& on, std::int64_t edge, std::int64_t channels, DType dtype)
      : device(on),
        f(random_tensor(on, {1, edge, edge, channels}, dtype)),
        target(random_tensor(on, {1, channels, channels})),
        g(on, target.shape(), DType::f32),
        dg(on, target.shape(), DType::f32),
        factor(on, target.shape(), dtype),
        df(on, f.shape(), dtype),
        loss(on, {1}, DType::f32),
        scale(1.0 / static_cast<double>(f.size())) {
    fused_forward();
  }

  void fused_forward() {
    device.ops().gram_style_loss({.gram_scale = scale}, f, target, loss, &dg);
  }
  void fused_backward() { device.ops().gram_backward(scale, f, dg, df, WriteMode::accumulate); }

  cuda::Product product(bool forward, cuda::ProductMath math) const {
    const std::int64_t channels = f.shape()[3];
    const std::int64_t pixels = f.size() / channels;
    return {.m = forward ? channels : pixels,
            .n = channels,
            .k = forward ? pixels : channels,
            .a_transposed = forward,
            .alpha = static_cast<float>(forward ? scale : 2 * scale),
            .beta = forward ? 0.0F : 1.0F,
            .math = math};
  }
  // G by cuBLAS, then element by element: G - target, the loss, dG.
  void unfused_forward(cuda::ProductMath math) {
    cuda::multiply(product(true, math), f, f, g);
    const Ops& ops = device.ops();
    ops.axpby(-1, target, 1, g);
    ops.dot(g, g, loss);
    ops.axpby(2, g, 0, factor);
  }
  void unfused_backward(cuda::ProductMath math) {
    cuda::multiply(product(false, math), f, factor, df);
  }
};

void measure_gram(const Options& options, const Device& device) {
  const bool bf16 = options.precision == "bf16";
  const auto math = bf16                          ? cuda::ProductMath::bf16
                    : options.precision == "tf32" ? cuda::ProductMath::tf32
                                                  : cuda::ProductMath::f32;
  for (const auto& [shrink, channels] : {std::pair{1, 64}, std::pair{2, 128}, std::pair{4, 256},
                                         std::pair{8, 512}, std::pair{16, 512}}) {
    StyleLayer layer(device, options.size / shrink, channels, bf16 ? DType::bf16 : DType::f32);
    const auto bytes = static_cast<double>(layer.f.bytes());
    // All products: that half of them are mirrored is the fast kernel's merit.
    const double work = 2.0 * static_cast<double>(layer.f.size()) * channels;
    const std::string suffix =
        "_" + std::to_string(options.size / shrink) + "_" + std::to_string(channels);
    measure(options, device, {"gram_loss" + suffix, bytes, work, [&] { layer.fused_forward(); }});
    measure(options, device,
            {"gram_loss_cublas" + suffix, bytes, work, [&] { layer.unfused_forward(math); }});
    measure(options, device,
            {"gram_backward" + suffix, 3 * bytes, work, [&] { layer.fused_backward(); }});
    measure(options, device, {"gram_backward_cublas" + suffix, 3 * bytes, work, [&] {
                                layer.unfused_backward(math);
                              }});
  }
}

Device chosen_device(const Options& options) {
  return options.device == "cpu"
             ? Device::cpu()
             : Device::cuda(0, options.precision == "f32" ? Math::f32 : Math::tf32);
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Measures a device");
  app.require_subcommand(1);
  Options options;
  const auto command = [&](const char* name, const char* what) {
    CLI::App* added = app.add_subcommand(name, what);
    added->add_option("--device", options.device, "cuda or cpu")
        ->check(CLI::IsMember({"cuda", "cpu"}));
    added->add_option("--precision", options.precision, "f32, or on a GPU tf32 or bf16")
        ->check(CLI::IsMember({"f32", "tf32", "bf16"}));
    added->add_option("--size", options.size, "side of the square picture")
        ->check(CLI::Range(16, 4096));
    added->add_option("--sample-ms", options.sample_ms, "time of a sample")
        ->check(CLI::Range(0.01, 1000.0));
    added->add_option("--samples", options.samples, "samples")->check(CLI::Range(1, 1000));
    return added;
  };
  const CLI::App* describing = command("describe", "The device, and the libraries that it uses");
  const CLI::App* ceilings = command("ceilings", "Copies, and matrix products by cuBLAS");
  const CLI::App* gram = command("gram", "Style losses of VGG's layers, fused, and by cuBLAS");
  CLI11_PARSE(app, argc, argv);

  const Device device = chosen_device(options);
  if (describing->parsed()) {
    describe(device);
  } else if (ceilings->parsed()) {
    measure_copy(options, device);
    measure_products(options, device);
  } else if (gram->parsed()) {
    measure_gram(options, device);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "gpu_bench: %s\n", error.what());
  return 2;
}
