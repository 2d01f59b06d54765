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

}  // namespace

Device make_device(const std::string& name, int threads, Precision precision, CudaPlans plans) {
  constexpr int most_gpus = 255;
  const CudaMath math = precision == Precision::tf32 ? CudaMath::tf32 : CudaMath::f32;
  if (name == "auto") {
    return make_device(first_available(), threads, precision, plans);
  }
  if (name == "cpu") {
    return Device::cpu(threads);
  }
  if (name == "reference") {
    return Device::reference();
  }
  if (name == "cuda") {
    return Device::cuda(0, math, plans);
  }
  if (name.starts_with("cuda:")) {
    const std::string_view number = std::string_view(name).substr(5);
    return Device::cuda(static_cast<int>(parse_integer(number, 0, most_gpus)), math, plans);
  }
  static const std::array<std::string, 4> names{"auto", "cpu", "cuda", "reference"};
  fail("--device: there is no '{}'; did you mean '{}'? (auto, cpu, cuda, cuda:N or reference)",
       name, nn::nearest(name, names));
}

DType require_precision(const Device& device, Precision precision) {
  const bool is_cuda = device.kind() == Device::Kind::cuda;
  if (precision == Precision::f32 || (precision == Precision::tf32 && is_cuda)) {
    return DType::f32;
  }
  check(precision == Precision::f64 && device.supports(DType::f64),
        "--precision: the device {} does not compute in {}; f32 runs everywhere, f64 with --device "
        "reference, tf32 with --device cuda",
        device.name(), format_choice(precision, precision_names));
  return DType::f64;
}

}  // namespace gramgrad::apps
