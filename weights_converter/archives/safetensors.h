// Hugging Face's `.safetensors`: a JSON header, then the tensors. Reader, and the writer that
// `export` uses.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "nn/tensor_view.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

bool is_safetensors(std::span<const std::byte> file);

// Tensors are read where they lie in the mapped file. Throws Error, beginning with the path.
Source read_safetensors(InputFilePtr file);

// Tensors with wider elements come first, so that all are aligned, otherwise in the order given;
// the same bytes for the same contents. The file appears whole or not at all. Throws Error,
// beginning with the path, if it cannot be written or a text is not UTF-8.
void write_safetensors(const std::filesystem::path& path, std::span<const nn::TensorView> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace gramgrad::converter
