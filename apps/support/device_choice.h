// The device and the arithmetic by their names on the command line.
#pragma once

#include <string>

#include "apps/support/options.h"
#include "kernels/device.h"

namespace gramgrad::apps {

struct DeviceChoice {
  Device device;
  Precision precision;  // never automatic
  DType dtype;          // of feature maps; pictures have its sum_type
  std::string note;     // for people, one line; empty: nothing to say
};

// name: auto, cpu, cuda, cuda:N or reference. threads: of the processor, 0: all. plans: how a GPU
// chooses among cuDNN's. Throws Error for a name that there is not, a device that cannot be used
// here, and a precision that it does not have. The automatic precision is f32, on a GPU tf32; where
// that needs what is not installed, f32 and a note that says so.
DeviceChoice choose_device(const std::string& name, int threads, Precision precision,
                           CudaPlans plans = CudaPlans::expected);

}  // namespace gramgrad::apps
