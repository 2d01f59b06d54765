// Conversion: from a weights file of any format that is read here to the project's own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "nn/weights_format.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

struct ConvertOptions {
  std::optional<DType> dtype;  // of the weights: f32, f16 or bf16; without one, the source's own
  std::string upto;            // last layer to take, such as "relu5_1"; empty: all convolutions
  bool with_classifier = false;
  std::string architecture;                 // such as "vgg16"; empty: recognised from the shapes
  std::optional<nn::Feeding> feeding;       // without one, what the source says
  std::vector<std::string> normalize_with;  // pictures to bring mean activations to 1 over
};

struct Conversion {
  nn::WeightsDescription description;
  std::string last_layer;          // such as "relu5_1"
  std::vector<std::string> notes;  // what the user should know, one line each
};

// Reads the weights file `input`, of whatever format, and writes `output`, whole or not at all.
// Throws Error: one line that begins with the path of the file at fault.
Conversion convert(const std::string& input, const ConvertOptions& options,
                   const std::string& output);

// The same for a source that has been read; `file` is where it came from.
Conversion convert(const InputFilePtr& file, const Source& source, const ConvertOptions& options,
                   const std::string& output);

}  // namespace gramgrad::converter
