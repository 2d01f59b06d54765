// From a weights file to formats that other programs read.
#pragma once

#include <string>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Writes the tensors of the weights file `path` to `output`, a .safetensors or .npz file:
// convolutions [out, in, 3, 3], fully connected layers [out, in] counting [channel, row, column],
// as PyTorch has them, numbers as they are (NumPy has no bf16: f32 there). How to feed the network
// goes along in arrays "feeding.…". Throws Error, beginning with the path at fault.
void export_weights(const std::string& path, const std::string& output);

// Takes the feeding from the arrays that export_weights has added, if there are such. Throws Error
// if they hold impossible numbers.
void adopt_exported_feeding(Source& source);

}  // namespace gramgrad::converter
