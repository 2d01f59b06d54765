// Checks of single arguments and of groups of them.
#include "kernels/contract_arguments.h"

#include <vector>

namespace gramgrad::contract {

bool given(const Tensor* tensor) {
  return tensor != nullptr && tensor->defined();
}

void expect_shape(const char* op, const Argument& argument, const Shape& expected) {
  if (given(argument.tensor)) {
    check(argument.tensor->shape() == expected, "{}: {} has the shape {} and needs {}", op,
          argument.name, argument.tensor->shape().to_string(), expected.to_string());
  }
}

void expect_rank(const char* op, const Argument& argument, int rank) {
  if (given(argument.tensor)) {
    check(argument.tensor->shape().rank() == rank,
          "{}: {} has the shape {} and needs {} dimensions", op, argument.name,
          argument.tensor->shape().to_string(), rank);
  }
}

void expect_given(const char* op, const Argument& argument) {
  check(given(argument.tensor), "{}: {} is missing", op, argument.name);
}

void expect_alike(const char* op, std::span<const Argument> arguments, Types types) {
  const Argument* first = nullptr;
  for (const Argument& argument : arguments) {
    if (!given(argument.tensor)) {
      continue;
    }
    const Tensor& tensor = *argument.tensor;
    check(tensor.dtype() != DType::u8, "{}: {} is {} and must be floating-point", op, argument.name,
          name_of(tensor.dtype()));
    check(tensor.dtype() != DType::bf16 || types == Types::maps,
          "{}: {} is bf16, and this operator takes f32", op, argument.name);
    if (first == nullptr) {
      first = &argument;
      continue;
    }
    check(tensor.dtype() == first->tensor->dtype(), "{}: {} is {} and {} is {}", op, argument.name,
          name_of(tensor.dtype()), first->name, name_of(first->tensor->dtype()));
    check(tensor.device() == first->tensor->device(), "{}: {} lives on {} and {} on {}", op,
          argument.name, tensor.device().name(), first->name, first->tensor->device().name());
  }
}

void expect_sums(const char* op, Arguments arguments, const Tensor& map) {
  for (const Argument& argument : arguments) {
    if (given(argument.tensor)) {
      const Tensor& tensor = *argument.tensor;
      check(tensor.dtype() == sum_type(map.dtype()), "{}: {} is {} and must be {}", op,
            argument.name, name_of(tensor.dtype()), name_of(sum_type(map.dtype())));
      check(tensor.device() == map.device(), "{}: {} lives on {} and the map on {}", op,
            argument.name, tensor.device().name(), map.device().name());
    }
  }
}

void expect_apart(const char* op, Arguments inputs, Arguments outputs) {
  for (const Argument* output = outputs.begin(); output != outputs.end(); ++output) {
    if (!given(output->tensor)) {
      continue;
    }
    const auto expect_not = [&](const Argument& other) {
      check(!given(other.tensor) || other.tensor->storage_id() != output->tensor->storage_id(),
            "{}: {} and {} share memory", op, output->name, other.name);
    };
    for (const Argument& input : inputs) {
      expect_not(input);
    }
    for (const Argument* other = outputs.begin(); other != output; ++other) {
      expect_not(*other);
    }
  }
}

void expect_mask(const char* op, const Argument& mask, const Tensor& owner, const Shape& expected) {
  if (given(mask.tensor)) {
    check(mask.tensor->dtype() == DType::u8, "{}: {} is {} and must be {}", op, mask.name,
          name_of(mask.tensor->dtype()), name_of(DType::u8));
    check(mask.tensor->device() == owner.device(), "{}: {} lives on {} and the other tensors on {}",
          op, mask.name, mask.tensor->device().name(), owner.device().name());
    expect_shape(op, mask, expected);
  }
}

void expect_floats(const char* op, Arguments inputs, Arguments outputs, Types types) {
  std::vector<Argument> all(inputs);
  all.insert(all.end(), outputs);
  for (const Argument& argument : all) {
    expect_given(op, argument);
  }
  expect_alike(op, all, types);
  expect_apart(op, inputs, outputs);
}

}  // namespace gramgrad::contract
