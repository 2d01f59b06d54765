// Cases of convolution, forward and backward.
#include "kernels/cpu/winograd/operators.h"
#include "tests/kernels/case_names.h"
#include "tests/kernels/cases.h"

namespace gramgrad::tests {
namespace {

struct Shapes {
  Shape x, w, bias, y, pooled, relu_mask;
};

Conv2dParams params_of(const Conv2dSize& size) {
  return {.stride = size.stride,
          .padding = size.padding,
          .relu = size.relu,
          .pool = size.pool,
          .frozen_weights = size.frozen};
}

Shapes shapes_of(const Conv2dSize& size) {
  Shapes shapes;
  shapes.x = {size.batch, size.height, size.width, size.in};
  shapes.w = {size.out, size.kernel, size.kernel, size.in};
  shapes.bias = {size.out};
  shapes.y = conv2d_output_shape(params_of(size), shapes.x, shapes.w);
  shapes.relu_mask = relu_mask_shape(shapes.y);
  if (size.pool != PoolKind::none) {
    shapes.pooled = conv2d_pooled_shape(params_of(size), shapes.x, shapes.w);
  }
  return shapes;
}

std::string name_of(const char* op, const Conv2dSize& size) {
  const bool pooling = size.pool != PoolKind::none;
  return fmt::format("{}_{}_to_{}_k{}_s{}_p{}{}{}{}{}{}", op, sizes(shapes_of(size).x), size.out,
                     size.kernel, size.stride, size.padding, size.relu ? "_relu" : "",
                     size.pool == PoolKind::max ? "_max"
                     : pooling                  ? "_average"
                                                : "",
                     pooling && !size.full ? "_only" : "", size.bias ? "" : "_unbiased",
                     size.frozen ? "_frozen" : "");
}

double operations_of(const Conv2dSize& size) {
  return 2.0 * static_cast<double>(shapes_of(size).y.size()) * size.kernel * size.kernel * size.in;
}

// What flows back, with random masks.
struct Gradients {
  Tensor dy, dpooled, relu_mask, pool_mask;

  Gradients(const Conv2dSize& size, const Shapes& shapes, const Inputs& inputs) {
    const bool pooling = size.pool != PoolKind::none;
    if (!pooling || size.full) {
      dy = inputs.values("dy", shapes.y);
    }
    if (pooling) {
      dpooled = inputs.values("dpooled", shapes.pooled);
    }
    if (size.relu) {
      relu_mask = inputs.bytes("relu_mask", shapes.relu_mask, 256);
    }
    if (size.pool == PoolKind::max) {
      pool_mask = inputs.bytes("pool_mask", shapes.pooled, 4);
    }
  }

  Conv2dGradients pointers() const {
    const auto optional = [](const Tensor& tensor) { return tensor.defined() ? &tensor : nullptr; };
    return {.dy = optional(dy),
            .dpooled = optional(dpooled),
            .relu_mask = optional(relu_mask),
            .pool_mask = optional(pool_mask)};
  }
};

// Winograd's convolution, which the cpu device uses where it suits, mixes the pixels of a tile:
// next to large values a small one is less exact (winograd_error_test.cpp has the bound of each
// element). Everything else adds the terms of an element and nothing else.
Tolerance tolerance_of(const Conv2dSize& size, int channels, const Device& device) {
  const bool tiles =
      device.kind() == Device::Kind::cpu && cpu::suits_winograd(params_of(size), shapes_of(size).w);
  return {.kind = tiles ? Tolerance::Kind::tensor : Tolerance::Kind::element,
          .terms = 1.0 * size.kernel * size.kernel * channels};
}

Prepared prepare_conv2d(const Conv2dSize& size, const Inputs& inputs) {
  const Shapes shapes = shapes_of(size);
  const bool pooling = size.pool != PoolKind::none;
  const Tolerance tolerance = tolerance_of(size, size.in, inputs.device());
  Tolerance of_map = tolerance;  // what is pooled is the map as it was stored
  of_map.map_roundings = 1;
  Prepared prepared;
  const auto result = [&](const char* name, Tensor tensor, const Tolerance& allowed) {
    prepared.results.push_back({name, tensor, allowed});
    return tensor;
  };
  Tensor y, pooled, relu_mask, pool_mask;
  if (!pooling || size.full) {
    y = result("y", inputs.assigned(shapes.y), tolerance);
  }
  if (pooling) {
    pooled = result("pooled", inputs.assigned(shapes.pooled), of_map);
  }
  if (size.relu) {
    relu_mask = result("relu_mask", inputs.assigned_bytes(shapes.relu_mask),
                       {.kind = Tolerance::Kind::by_another});
  }
  if (size.pool == PoolKind::max) {
    pool_mask = result("pool_mask", inputs.assigned_bytes(shapes.pooled),
                       {.kind = Tolerance::Kind::by_another});
  }
  prepared.run = [=, ops = inputs.ops(), x = inputs.values("x", shapes.x),
                  w = inputs.values("w", shapes.w),
                  bias = size.bias ? inputs.values("bias", shapes.bias) : Tensor()]() mutable {
    const auto optional = [](Tensor& tensor) { return tensor.defined() ? &tensor : nullptr; };
    ops.conv2d(params_of(size), x, w, bias,
               {.y = optional(y),
                .pooled = optional(pooled),
                .relu_mask = optional(relu_mask),
                .pool_mask = optional(pool_mask)});
  };
  return prepared;
}

Prepared prepare_backward_input(const Conv2dSize& size, const Inputs& inputs) {
  const Shapes shapes = shapes_of(size);
  Tensor dx = inputs.output("dx", shapes.x);
  Tolerance tolerance = tolerance_of(size, size.out, inputs.device());
  tolerance.map_roundings = 1;  // of dz
  return {.run =
              [=, ops = inputs.ops(), gradients = Gradients(size, shapes, inputs),
               w = inputs.values("w", shapes.w), mode = inputs.mode()]() mutable {
                ops.conv2d_backward_input(params_of(size), gradients.pointers(), w, dx, mode);
              },
          .results = {{"dx", dx, tolerance}}};
}

Prepared prepare_backward_weight(const Conv2dSize& size, const Inputs& inputs) {
  const Shapes shapes = shapes_of(size);
  const Tolerance tolerance{.terms = static_cast<double>(shapes.y.size()) / size.out};
  Tensor dw = inputs.output("dw", shapes.w);
  Tensor dbias = size.bias ? inputs.output("dbias", shapes.bias) : Tensor();
  Prepared prepared{.run =
                        [=, ops = inputs.ops(), gradients = Gradients(size, shapes, inputs),
                         x = inputs.values("x", shapes.x), mode = inputs.mode()]() mutable {
                          ops.conv2d_backward_weight(params_of(size), gradients.pointers(), x, dw,
                                                     dbias, mode);
                        },
                    .results = {{"dw", dw, tolerance}}};
  if (size.bias) {
    prepared.results.push_back({"dbias", dbias, tolerance});
  }
  return prepared;
}

}  // namespace

OperatorCase conv2d_case(const Conv2dSize& size) {
  return {.name = name_of("conv2d", size),
          .prepare = [=](const Inputs& inputs) { return prepare_conv2d(size, inputs); },
          .takes_bf16 = true,
          .operations = operations_of(size)};
}

OperatorCase conv2d_backward_input_case(const Conv2dSize& size) {
  return {.name = name_of("conv2d_backward_input", size),
          .prepare = [=](const Inputs& inputs) { return prepare_backward_input(size, inputs); },
          .accumulates = true,
          .takes_bf16 = true,
          .operations = operations_of(size)};
}

OperatorCase conv2d_backward_weight_case(const Conv2dSize& size) {
  return {.name = name_of("conv2d_backward_weight", size),
          .prepare = [=](const Inputs& inputs) { return prepare_backward_weight(size, inputs); },
          .accumulates = true,
          .operations = operations_of(size)};
}

}  // namespace gramgrad::tests
