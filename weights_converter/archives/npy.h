// NumPy's `.npy`: one array, or a pickled dictionary of arrays such as machrisaa's `vgg19.npy`.
#pragma once

#include <cstddef>
#include <span>

#include "weights_converter/source.h"

namespace gramgrad::converter {

bool is_npy(std::span<const std::byte> file);

// A plain array becomes one tensor, "array". The arrays of {"conv1_1": [weight, bias]} become
// "conv1_1[0]" and "conv1_1[1]", those of {"conv1_1": {"weights": …}} "conv1_1.weights".
// Throws Error, beginning with the path.
Source read_npy(InputFilePtr file);

}  // namespace gramgrad::converter
