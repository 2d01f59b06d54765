// Which reader a file needs, by its content: names lie and get lost.
#pragma once

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Reads a weights file of any of the formats. Throws Error, beginning with the path, for a file of
// none of them (saying what it looks like) and for a damaged one.
Source open_source(const InputFilePtr& file);

// Whether it begins as the project's own weights files do.
bool is_weights_file(const InputFilePtr& file);

// "torch-zip, torch-stream, ...", for help and messages.
std::string readable_formats();

}  // namespace gramgrad::converter
