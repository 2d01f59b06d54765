// The pieces that checks of operators' arguments are made of. Internal to the contract's files.
#pragma once

#include <initializer_list>
#include <span>

#include "kernels/tensor.h"

namespace gramgrad::contract {

struct Argument {
  const char* name;
  const Tensor* tensor;  // null or undefined: not given
};
using Arguments = std::initializer_list<Argument>;

bool given(const Tensor* tensor);

// Each throws Error, which names the operator `op` and the argument, unless it holds. All but
// expect_given pass over arguments that are not given.
void expect_given(const char* op, const Argument& argument);
void expect_shape(const char* op, const Argument& argument, const Shape& expected);
void expect_rank(const char* op, const Argument& argument, int rank);
// What an operator takes: f32 and f64, or, as a feature map, bf16 too.
enum class Types { computed, maps };
// All of one type, on one device.
void expect_alike(const char* op, std::span<const Argument> arguments,
                  Types types = Types::computed);
inline void expect_alike(const char* op, Arguments arguments, Types types = Types::computed) {
  expect_alike(op, std::span<const Argument>(arguments.begin(), arguments.size()), types);
}
// All of sum_type of the map's type, on its device.
void expect_sums(const char* op, Arguments arguments, const Tensor& map);
// No output shares memory with an input or with another output.
void expect_apart(const char* op, Arguments inputs, Arguments outputs);
// Given, alike and apart.
void expect_floats(const char* op, Arguments inputs, Arguments outputs,
                   Types types = Types::computed);
// u8, on the device of the floating-point tensor `owner`.
void expect_mask(const char* op, const Argument& mask, const Tensor& owner, const Shape& expected);

}  // namespace gramgrad::contract
