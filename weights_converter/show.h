// What is in a file, and what converting it would do.
#pragma once

#include <string>

#include "weights_converter/convert.h"

namespace gramgrad::converter {

// For people, several lines; of a .ggw file or of any that can be read. Throws Error, beginning
// with the path, for a file that cannot.
std::string show(const std::string& path, const ConvertOptions& options);

// "BGR from sRGB values in 0 to 1: (255 v - mean) / std, mean (…), std (…)"
std::string feeding_text(const nn::Feeding& feeding);

}  // namespace gramgrad::converter
