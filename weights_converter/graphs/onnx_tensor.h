// One tensor of an ONNX file (message TensorProto).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// `name` stands for that in the message unless it is empty. Element types that are no floats are
// shown as `other`. Throws Error if shape and data disagree or the data is in another file.
SourceTensor parse_onnx_tensor(const InputFilePtr& file, std::span<const std::byte> message,
                               const std::string& name);

}  // namespace gramgrad::converter
