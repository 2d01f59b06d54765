// What no network has more of: beyond, a file is refused.
#pragma once

#include <cstddef>

namespace gramgrad::converter {

inline constexpr std::size_t max_tensors = 100'000;
inline constexpr std::size_t max_dimensions = 32;  // of one tensor

}  // namespace gramgrad::converter
