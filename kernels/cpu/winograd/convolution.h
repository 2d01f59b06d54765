// Winograd's convolution of one image: 3x3, stride 1.
#pragma once

#include "kernels/cpu/winograd/input_transform.h"
#include "kernels/cpu/winograd/output_transform.h"
#include "kernels/cpu/winograd/weights.h"
#include "kernels/device.h"

namespace gramgrad::cpu {

// u: the elements that `weights` describes. With those in bf16, V is rounded to bf16 too.
void winograd_convolution(const Device& device, const WinogradInput& input,
                          const WinogradWeights& weights, const void* u,
                          const WinogradOutput& output);

// What it takes meanwhile, for an output of height x width.
std::int64_t winograd_workspace_bytes(int threads, std::int64_t height, std::int64_t width,
                                      const WinogradWeights& weights);

}  // namespace gramgrad::cpu
