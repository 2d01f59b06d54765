// The convolutions of a VGG network from an `.npz` file in PyTorch's layout to a weights file's
// tensors.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "nn/tensor_view.h"

namespace gramgrad {

struct OwnedTensors {
  std::vector<nn::TensorView> views;           // in the order of the network
  std::deque<std::vector<std::byte>> storage;  // what they look into
};

// Takes `convX_Y.weight` [out, in, 3, 3] and `convX_Y.bias` [out], f16 or f32, of all convolutions
// of `architecture` up to `last_conv`; weights become f16 (rounded to nearest, ties to even) in
// [out, 3, 3, in], biases f32. Throws Error, beginning with the path, if one is missing, misshapen,
// or beyond the range of f16.
OwnedTensors vgg_from_npz(const std::filesystem::path& path, std::string_view architecture,
                          std::string_view last_conv);

}  // namespace gramgrad
