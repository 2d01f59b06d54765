// PyTorch's files before 1.6, and since then with _use_new_zipfile_serialization=False: pickles,
// then the storages one after the other.
#pragma once

#include <cstddef>
#include <span>

#include "weights_converter/source.h"

namespace gramgrad::converter {

bool is_torch_stream(std::span<const std::byte> file);

// Throws Error, beginning with the path. Tensors are read where they lie in the mapped file.
Source read_torch_stream(InputFilePtr file);

}  // namespace gramgrad::converter
