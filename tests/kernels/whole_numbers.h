// Whole numbers whose products and sums are exact in f32.
#pragma once

#include <cstdint>

namespace gramgrad::tests {

// From -3 to 3: the sums of a million products are exact.
inline int whole_number(std::int64_t i) {
  return static_cast<int>(i * 7919 % 1009 % 7) - 3;
}

}  // namespace gramgrad::tests
