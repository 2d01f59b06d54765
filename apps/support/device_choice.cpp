// From names to devices.
#include "apps/support/device_choice.h"

#include <array>

#include "apps/support/option_names.h"
#include "apps/support/values.h"
#include "kernels/check.h"
#include "nn/suggest.h"

namespace gramgrad::apps {
namespace {

std::string first_available() {
  for (const DeviceReport& report : available_devices()) {
    if (report.available) {
      return report.name;
    }
  }
  return "cpu";
}

[[noreturn]] void refuse(const Device& device, Precision precision) {
  fail(
      "--precision: the device {} does not compute in {}; f32 runs everywhere, f64 with --device "
      "reference, tf32, mixed and bf16 with --device cuda, mixed and bf16 with --device cpu",
      device.name(), format_choice(precision, precision_names));
}

DeviceChoice on_reference(Precision precision) {
  Device device = Device::reference();
  switch (precision) {
    case Precision::f64:
      return {std::move(device), precision, DType::f64, ""};
    case Precision::f32:
    case Precision::automatic:
      return {std::move(device), Precision::f32, DType::f32, ""};
    default:
      refuse(device, precision);
  }
}

DeviceChoice on_cpu(int threads, Precision precision) {
  switch (precision) {
    case Precision::f32:
    case Precision::automatic:
      return {Device::cpu(threads), Precision::f32, DType::f32, ""};
    case Precision::mixed:
      return {Device::cpu(threads, Math::mixed), precision, DType::f32, ""};
    case Precision::bf16:
      return {Device::cpu(threads, Math::bf16), precision, DType::f32, ""};
    default:
      refuse(Device::cpu(threads), precision);
  }
}

DeviceChoice on_gpu(int ordinal, Precision precision, CudaPlans plans) {
  const auto gpu = [&](Math math) { return Device::cuda(ordinal, math, plans); };
  switch (precision) {
    case Precision::f32:
      return {gpu(Math::f32), precision, DType::f32, ""};
    case Precision::tf32:
      return {gpu(Math::tf32), precision, DType::f32, ""};
    case Precision::mixed:
      return {gpu(Math::mixed), precision, DType::f32, ""};
    case Precision::bf16:
      return {gpu(Math::tf32), precision, DType::bf16, ""};
    case Precision::automatic:
      try {
        return on_gpu(ordinal, Precision::tf32, plans);
      } catch (const Error& error) {
        DeviceChoice plain = on_gpu(ordinal, Precision::f32, plans);  // throws where it is the GPU
        plain.note = fmt::format("precision f32, which is slower: {}", error.what());
        return plain;
      }
    default:
      refuse(gpu(Math::f32), precision);
  }
}

}  // namespace

DeviceChoice choose_device(const std::string& name, int threads, Precision precision,
                           CudaPlans plans) {
  constexpr int most_gpus = 255;
  if (name == "auto") {
    return choose_device(first_available(), threads, precision, plans);
  }
  if (name == "cpu") {
    return on_cpu(threads, precision);
  }
  if (name == "reference") {
    return on_reference(precision);
  }
  if (name == "cuda") {
    return on_gpu(0, precision, plans);
  }
  if (name.starts_with("cuda:")) {
    const std::string_view number = std::string_view(name).substr(5);
    return on_gpu(static_cast<int>(parse_integer(number, 0, most_gpus)), precision, plans);
  }
  static const std::array<std::string, 4> names{"auto", "cpu", "cuda", "reference"};
  fail("--device: there is no '{}'; did you mean '{}'? (auto, cpu, cuda, cuda:N or reference)",
       name, nn::nearest(name, names));
}

}  // namespace gramgrad::apps
