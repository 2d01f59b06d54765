// Names what a file is that is no weights file, because people give programs the wrong file.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace gramgrad::nn {

// What the bytes look like and what to do, to follow "is not a gramgrad weights file: ".
std::string_view describe_foreign_file(std::span<const std::byte> bytes);

}  // namespace gramgrad::nn
