// Cases of what is done to pictures: channels and sizes.
#include <cmath>

#include "tests/kernels/case_names.h"
#include "tests/kernels/cases.h"

namespace gramgrad::tests {
namespace {

std::string name_of(const char* op, const ChannelAffineParams& params, const Shape& x) {
  return fmt::format("{}_{}{}{}_{}", op, params.source[0], params.source[1], params.source[2],
                     sizes(x));
}

std::string name_of(const char* op, ResizeFilter filter, const Shape& x, const Shape& y) {
  return fmt::format("{}_{}_{}_to_{}", op, tests::name_of(filter), sizes(x), sizes(y));
}

// Bicubic weights change sign, so no element's own magnitude bounds the terms in it; the tensor's
// largest does: an axis' absolute weights sum to 1.5 at most.
Tolerance resize_tolerance(const Shape& from, const Shape& to) {
  const double taps = 4 + static_cast<double>(from[1]) / static_cast<double>(to[1]) +
                      static_cast<double>(from[2]) / static_cast<double>(to[2]);
  return {.kind = Tolerance::Kind::tensor, .roundings = 4, .terms = taps};
}

}  // namespace

OperatorCase channel_affine_case(const ChannelAffineParams& params, const Shape& shape) {
  return {.name = name_of("channel_affine", params, shape),
          .prepare =
              [=](const Inputs& inputs) {
                ChannelAffineParams used = params;
                for (std::size_t c = 0; c < 3; ++c) {
                  used.scale[c] = inputs.factor(params.scale[c]);
                  used.shift[c] = inputs.factor(params.shift[c]);
                }
                Tensor y = inputs.assigned(shape);
                return Prepared{
                    .run =
                        [=, ops = inputs.ops(), x = inputs.values("x", shape)]() mutable {
                          ops.channel_affine(used, x, y);
                        },
                    .results = {{"y", y, {}}}};
              },
          .operations = 2.0 * static_cast<double>(shape.size())};
}

OperatorCase channel_affine_backward_case(const ChannelAffineParams& params, const Shape& shape) {
  return {.name = name_of("channel_affine_backward", params, shape),
          .prepare =
              [=](const Inputs& inputs) {
                ChannelAffineParams used = params;
                for (double& scale : used.scale) {
                  scale = inputs.factor(scale);
                }
                Tensor dx = inputs.output("dx", shape);
                return Prepared{.run =
                                    [=, ops = inputs.ops(), dy = inputs.values("dy", shape),
                                     mode = inputs.mode()]() mutable {
                                      ops.channel_affine_backward(used, dy, dx, mode);
                                    },
                                .results = {{"dx", dx, {}}}};
              },
          .accumulates = true,
          .operations = 2.0 * static_cast<double>(shape.size())};
}

OperatorCase resize_case(ResizeFilter filter, const Shape& x, const Shape& y) {
  return {.name = name_of("resize", filter, x, y),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor to = inputs.assigned(y);
                return Prepared{.run = [=, ops = inputs.ops(),
                                        from = inputs.values(
                                            "x", x)]() mutable { ops.resize(filter, from, to); },
                                .results = {{"y", to, resize_tolerance(x, y)}}};
              },
          .operations = 8.0 * static_cast<double>(y.size())};
}

OperatorCase resize_backward_case(ResizeFilter filter, const Shape& x, const Shape& y) {
  return {.name = name_of("resize_backward", filter, x, y),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor dx = inputs.output("dx", x);
                return Prepared{.run =
                                    [=, ops = inputs.ops(), dy = inputs.values("dy", y),
                                     mode = inputs.mode()]() mutable {
                                      ops.resize_backward(filter, dy, dx, mode);
                                    },
                                .results = {{"dx", dx, resize_tolerance(y, x)}}};
              },
          .accumulates = true,
          .operations = 8.0 * static_cast<double>(y.size())};
}

}  // namespace gramgrad::tests
