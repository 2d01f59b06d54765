// NumPy's `.npz`: a zip archive, stored or deflated, of `.npy` arrays, such as Frossard's
// `vgg16_weights.npz`. Reader, and the writer that `export` uses.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "nn/tensor_view.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

bool is_npz(std::span<const std::byte> file);

// Tensors are named without ".npy". Stored ones are read where they lie in the mapped file. Throws
// Error, beginning with the path.
Source read_npz(InputFilePtr file);

// Stored, as by numpy.savez, with the tensors in the order given; the same bytes for the same
// contents. NumPy has no bf16: such tensors are widened to f32, which is exact. The file appears
// whole or not at all. Throws Error, beginning with the path, if it cannot be written or would have
// more than 4 GiB.
void write_npz(const std::filesystem::path& path, std::span<const nn::TensorView> tensors);

}  // namespace gramgrad::converter
