// Writer of `.ggw` weights files (weights_converter/FORMAT.md).
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "nn/weights_format.h"

namespace gramgrad::nn {

using ByteSink = std::function<void(std::span<const std::byte>)>;

// A tensor to be written that need not be in memory.
struct TensorStream {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  // Gives the sink the tensor's bytes in pieces of whole elements, from the first to the last. Is
  // called twice, because the header comes first and holds the checksums, and must give the same
  // both times.
  std::function<void(const ByteSink&)> produce;
};

// The file's bytes, the same for the same contents everywhere. Tensors are laid out in the order
// given. Throws Error if the contents are not what the reader would accept.
std::vector<std::byte> encode_weights(const WeightsDescription& description,
                                      std::span<const TensorView> tensors);

// Encodes and writes to a temporary file beside `path`, then renames it: `path` holds the old file
// or the new one, whole, whatever happens. Throws Error, beginning with the path.
void write_weights(const std::filesystem::path& path, const WeightsDescription& description,
                   std::span<const TensorView> tensors);

// The same with one piece of a tensor in memory at a time. Errors that `produce` throws pass
// through as they are.
void write_weights(const std::filesystem::path& path, const WeightsDescription& description,
                   std::span<const TensorStream> tensors);

}  // namespace gramgrad::nn
