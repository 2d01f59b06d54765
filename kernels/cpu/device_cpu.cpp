// The CPU device.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/device_cpu.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/simd_inl.h"

#include <fstream>
#include <memory>
#include <string>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/panels.h"

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {
namespace {

const char* instruction_set() {
  switch (HWY_TARGET) {
    case HWY_AVX3_DL:
    case HWY_AVX3:
      return "AVX-512";
    case HWY_AVX2:
      return "AVX2";
    case HWY_SSE4:
      return "SSE4";
    default:
      return hwy::TargetName(HWY_TARGET);
  }
}

}  // namespace
}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gramgrad {
namespace cpu {

HWY_EXPORT(instruction_set);

namespace {

constexpr int most_threads = 1024;

std::string model_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "processor of unknown model";
}

std::string describe(int threads) {
  return fmt::format("{}, {}, {} thread{}", model_name(), HWY_DYNAMIC_DISPATCH(instruction_set)(),
                     threads, threads == 1 ? "" : "s");
}

}  // namespace
}  // namespace cpu

Device Device::cpu(int threads, Math math) {
  check(math != Math::tf32, "the CPU device does not multiply in tf32: use f32, mixed or bf16");
  check(math == Math::f32 || cpu::multiplies_bf16(),
        "this processor has no instructions that multiply bf16 numbers (AVX512-BF16), which mixed "
        "and bf16 need on the CPU: use f32");
  check(threads >= 0 && threads <= cpu::most_threads,
        "the CPU device cannot use {} threads: give 1 to {}, or 0 for one for each processor",
        threads, cpu::most_threads);
  if (threads == 0) {
    threads = available_threads();
  }
  auto resources = std::make_shared<DeviceResources>(host_memory());
  resources->backend = std::make_shared<cpu::CpuBackend>(resources->allocator, threads, math);
  return DeviceState::make_device({
      .kind = Kind::cpu,
      .name = "cpu",
      .description = cpu::describe(threads),
      .threads = threads,
      .supports_f64 = false,
      .ops = cpu_ops(),
      .transfers = host_transfers(),
      .host_visible = host_memory(),
      .synchronize = [] {},
      .resources = std::move(resources),
  });
}

}  // namespace gramgrad
#endif
