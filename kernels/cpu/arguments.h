// Arguments that an operator's caller may leave out.
#pragma once

#include "kernels/tensor.h"

namespace gramgrad::cpu {

template <typename T>
T* data_or_null(Tensor* tensor) {
  return tensor != nullptr && tensor->defined() ? tensor->data<T>() : nullptr;
}
template <typename T>
const T* data_or_null(const Tensor* tensor) {
  return tensor != nullptr && tensor->defined() ? tensor->data<T>() : nullptr;
}

// The element `offset` of an array that may be missing.
template <typename T>
T* advanced(T* array, std::int64_t offset) {
  return array != nullptr ? array + offset : nullptr;
}

}  // namespace gramgrad::cpu
