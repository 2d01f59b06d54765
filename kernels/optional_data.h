// Data of arguments that an operator's caller may leave out.
#pragma once

#include "kernels/tensor.h"

namespace gramgrad {

template <typename T>
T* data_or_null(Tensor* tensor) {
  return tensor != nullptr && tensor->defined() ? tensor->data<T>() : nullptr;
}
template <typename T>
const T* data_or_null(const Tensor* tensor) {
  return tensor != nullptr && tensor->defined() ? tensor->data<T>() : nullptr;
}

}  // namespace gramgrad
