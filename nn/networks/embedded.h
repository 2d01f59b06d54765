// The networks that are part of the program.
#pragma once

#include <cstddef>
#include <span>

namespace gramgrad::nn {

// nn/networks/vgg16.ggw, whole: VGG16 to conv5_1. Mapped with the program, not copied; read it with
// WeightsFile::from_memory.
std::span<const std::byte> embedded_vgg16();

}  // namespace gramgrad::nn
