// The device and the arithmetic by their names on the command line.
#pragma once

#include <string>

#include "apps/support/options.h"
#include "kernels/device.h"

namespace gramgrad::apps {

// auto, cpu, cuda, cuda:N or reference. threads: of the processor, 0: all. precision: tf32 makes a
// GPU multiply so, and plans says how it chooses among cuDNN's. Throws Error for a name that there
// is not and a device that cannot be used here.
Device make_device(const std::string& name, int threads, Precision precision,
                   CudaPlans plans = CudaPlans::expected);

// The element type of tensors for that precision. Throws Error where the device does not have it.
DType require_precision(const Device& device, Precision precision);

}  // namespace gramgrad::apps
