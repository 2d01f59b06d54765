// Times operators on VGG's shapes, on the CPU or on the device named by GRAMGRAD_BENCH_DEVICE
// ("cpu", "reference", "cuda"); GRAMGRAD_BENCH_THREADS sets the CPU's threads. Reports
// milliseconds, GFLOP/s where operations are counted, and for whole iterations the memory that they
// hold.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "bench/vgg_iteration.h"
#include "kernels/device.h"
#include "tests/kernels/cases.h"

namespace gramgrad::bench {
namespace {

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

Device chosen_device() {
  const std::string name = setting("GRAMGRAD_BENCH_DEVICE", "cpu");
  return name == "reference" ? Device::reference()
         : name == "cuda"    ? Device::cuda()
                          : Device::cpu(std::atoi(setting("GRAMGRAD_BENCH_THREADS", "0").c_str()));
}

void time_case(benchmark::State& state, const tests::OperatorCase& operator_case,
               const Device& device) {
  const tests::Prepared prepared = operator_case.prepare(tests::Inputs(device, {}));
  prepared.run();
  device.synchronize();
  for ([[maybe_unused]] auto _ : state) {
    prepared.run();
    device.synchronize();
  }
  if (operator_case.operations > 0) {
    state.counters["GFLOP/s"] = benchmark::Counter(operator_case.operations * 1e-9,
                                                   benchmark::Counter::kIsIterationInvariantRate);
  }
}

void time_iteration(benchmark::State& state, int size, PoolKind pool, const Device& device) {
  VggIteration iteration(device, size, pool);
  iteration.run();
  device.synchronize();
  for ([[maybe_unused]] auto _ : state) {
    iteration.run();
    device.synchronize();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(iteration.operations() * 1e-9,
                                                 benchmark::Counter::kIsIterationInvariantRate);
  state.counters["peak_MiB"] = static_cast<double>(device.memory().peak) / (1 << 20);
}

void add(const tests::OperatorCase& operator_case, const Device& device) {
  benchmark::RegisterBenchmark(operator_case.name.c_str(), time_case, operator_case, device)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

// VGG19 at 256 x 256, each different convolution once.
void add_convolutions(const Device& device) {
  struct Size {
    int extent, in, out;
    PoolKind pool;
  };
  constexpr auto none = PoolKind::none;
  constexpr auto max = PoolKind::max;
  for (const Size& size :
       {Size{256, 3, 64, none}, Size{256, 64, 64, max}, Size{128, 64, 128, none},
        Size{128, 128, 128, max}, Size{64, 128, 256, none}, Size{64, 256, 256, none},
        Size{32, 256, 512, none}, Size{32, 512, 512, none}, Size{16, 512, 512, none}}) {
    const tests::Conv2dSize conv{.batch = 1,
                                 .height = size.extent,
                                 .width = size.extent,
                                 .in = size.in,
                                 .out = size.out,
                                 .kernel = 3,
                                 .padding = 1,
                                 .relu = true,
                                 .pool = size.pool,
                                 .full = size.pool == none,
                                 .frozen = true};
    add(tests::conv2d_case(conv), device);
    add(tests::conv2d_backward_input_case(conv), device);
    add(tests::conv2d_backward_weight_case(conv), device);
  }
}

void add_features(const Device& device) {
  for (const Shape& f : {Shape{1, 256, 256, 64}, Shape{1, 128, 128, 128}, Shape{1, 64, 64, 256},
                         Shape{1, 32, 32, 512}, Shape{1, 16, 16, 512}}) {
    add(tests::gram_case(f), device);
    add(tests::gram_backward_case(f), device);
    add(tests::gram_style_loss_case(f, true), device);
    add(tests::channel_statistics_case(f), device);
    add(tests::channel_statistics_backward_case(f), device);
  }
  const Shape map{1, 256, 256, 64};
  add(tests::content_loss_case(map, true), device);
  add(tests::relu_case(map, true), device);
  add(tests::relu_backward_case(map), device);
  add(tests::pool2d_case({.kind = PoolKind::max}, map), device);
  add(tests::pool2d_backward_case({.kind = PoolKind::max}, map), device);
  for (const tests::OperatorCase& operator_case : tests::elementwise_cases(map)) {
    add(operator_case, device);
  }
}

void add_pictures(const Device& device) {
  const Shape picture{1, 512, 512, 3};
  for (const TvForm form : {TvForm::squared_mean, TvForm::power, TvForm::nine_point}) {
    add(tests::tv_loss_case(form, picture, true), device);
  }
  add(tests::range_loss_case(picture, true), device);
  add(tests::lbfgs_descent_case(picture, 20), device);
  for (const ResizeFilter filter :
       {ResizeFilter::area, ResizeFilter::bilinear, ResizeFilter::bicubic}) {
    add(tests::resize_case(filter, picture, {1, 384, 384, 3}), device);
  }
}

void add_iterations(const Device& device) {
  for (const int size : {256, 512}) {
    benchmark::RegisterBenchmark(("vgg19_iteration_" + std::to_string(size)).c_str(),
                                 time_iteration, size, PoolKind::max, device)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  }
}

}  // namespace
}  // namespace gramgrad::bench

int main(int argc, char** argv) try {
  using namespace gramgrad::bench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 1;
  }
  const gramgrad::Device device = chosen_device();
  benchmark::AddCustomContext("device", device.description());
  add_convolutions(device);
  add_features(device);
  add_pictures(device);
  add_iterations(device);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
} catch (const gramgrad::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 2;
}
