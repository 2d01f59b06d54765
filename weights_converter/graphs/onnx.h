// Reads networks from ONNX files (onnx.ai, onnx/onnx.proto): the model zoo's VGGs, and what
// PyTorch and Keras (through tf2onnx) export, whatever the names: the graph is walked.
#pragma once

#include <cstddef>
#include <span>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Whether the file begins as an ONNX model does, cut short or not.
bool is_onnx(std::span<const std::byte> file);

// Tensors: the initialisers and the constants of the graph; layers: those of the longest VGG that
// starts from an input of the graph. Throws Error if the file is damaged or keeps its numbers in
// another file.
Source read_onnx(InputFilePtr file);

}  // namespace gramgrad::converter
