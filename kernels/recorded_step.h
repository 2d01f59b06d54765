// Device::record() on a device that can record.
#pragma once

#include <functional>

#include "kernels/device.h"

namespace gramgrad {

// The result owns the recording and the memory that its addresses lie in.
std::function<void()> recorded_step(const Device& device, std::function<void()> step);

}  // namespace gramgrad
