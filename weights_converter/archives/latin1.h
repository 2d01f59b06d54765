// Bytes that a pickle holds as a text: NumPy before 1.17 under Python 3 wrote arrays like this.
#pragma once

#include <string_view>

#include "weights_converter/archives/array_tensor.h"

namespace gramgrad::converter {

// `text` is UTF-8 of the characters U+0000 to U+00FF, each of which stands for the byte of its
// number, and must outlive the result. Throws Error if it has others.
ArrayBytes latin1_bytes(std::string_view text);

}  // namespace gramgrad::converter
