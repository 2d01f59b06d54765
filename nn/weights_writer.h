// Writer of `.ggw` weights files (weights_converter/FORMAT.md).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "nn/weights_format.h"

namespace gramgrad::nn {

// The file's bytes, the same for the same contents everywhere. Tensors are laid out in the order
// given. Throws Error if the contents are not what the reader would accept.
std::vector<std::byte> encode_weights(const WeightsDescription& description,
                                      std::span<const TensorView> tensors);

// Encodes and writes to a temporary file beside `path`, then renames it: `path` holds the old file
// or the new one, whole, whatever happens. Throws Error, beginning with the path.
void write_weights(const std::filesystem::path& path, const WeightsDescription& description,
                   std::span<const TensorView> tensors);

}  // namespace gramgrad::nn
