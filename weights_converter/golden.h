// Golden activations: what a network must answer to a picture that every build can draw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/tensor.h"
#include "nn/weights_file.h"
#include "weights_converter/activations.h"

namespace gramgrad::converter {

// "gramgrad.1": channel c of pixel (x, y) is ((7 x + 13 y + 29 c + x y) mod 256) / 255, 48 pixels
// wide and 32 high: [1, 32, 48, 3].
Tensor golden_picture(const Device& device, DType dtype);

// Computed on the reference device in f64 and rounded to 9 significant digits.
nn::Golden golden_of(const std::vector<WalkLayer>& layers, const nn::Feeding& feeding);

// The same on any device in its f32 (the reference: f64), not rounded.
nn::Golden activations_on(const Device& device, const std::vector<WalkLayer>& layers,
                          const nn::Feeding& feeding);

// How far the results of `device` may lie from the golden ones at layer `position`, as a fraction
// of the map's l2. Each layer's sums of 9 · in products err by √(9 · in) roundings, as good as
// random, times what the algorithm adds (Winograd's transforms: 13 roundings, and cancellation that
// multiplies by about 2); errors of the layers before add up.
double golden_tolerance(const Device& device, const std::vector<WalkLayer>& layers,
                        std::size_t position);

// The layer at which `found` lies farther from `golden` than the tolerance, as one line; empty if
// all are within. Throws Error if the golden activations are of another picture or of layers that
// the network does not have.
std::string golden_difference(const nn::Golden& golden, const nn::Golden& found,
                              const Device& device, const std::vector<WalkLayer>& layers);

}  // namespace gramgrad::converter
