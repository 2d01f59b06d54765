// Arguments that an operator's caller may leave out.
#pragma once

#include "kernels/optional_data.h"

namespace gramgrad::cpu {

// The element `offset` of an array that may be missing.
template <typename T>
T* advanced(T* array, std::int64_t offset) {
  return array != nullptr ? array + offset : nullptr;
}

}  // namespace gramgrad::cpu
