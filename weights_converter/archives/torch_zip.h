// PyTorch's files since 1.6: a zip archive with a pickle and one stored member for each storage.
#pragma once

#include <cstddef>
#include <span>

#include "weights_converter/source.h"

namespace gramgrad::converter {

bool is_torch_zip(std::span<const std::byte> file);

// Throws Error, beginning with the path. Tensors are read where they lie in the mapped file.
Source read_torch_zip(InputFilePtr file);

}  // namespace gramgrad::converter
