// The most that deflate can make of a byte: what claims more is refused before memory is taken.
#pragma once

#include <cstdint>

namespace gramgrad::converter {

inline constexpr std::uint64_t max_deflate_ratio = 1032;  // zlib's technical details

}  // namespace gramgrad::converter
