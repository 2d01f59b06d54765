// Cases of ReLU, pooling, Gram matrices and the losses.
#include "tests/kernels/case_names.h"
#include "tests/kernels/cases.h"

namespace gramgrad::tests {
namespace {

std::string name_of(const char* op, const Pool2dParams& params, const Shape& x) {
  return fmt::format("{}_{}_w{}_s{}_{}", op, tests::name_of(params.kind), params.window,
                     params.stride, sizes(x));
}

const char* suffix(bool gradient) {
  return gradient ? "" : "_without_gradient";
}

// A loss [1], and its gradient dx unless that is undefined.
Prepared prepared_loss(const Inputs& inputs, Tensor dx, const Tolerance& loss_tolerance,
                       const Tolerance& gradient_tolerance,
                       const std::function<void(Tensor&, Tensor*)>& run) {
  Tensor loss = inputs.assigned_sums({1});
  Prepared prepared{.run = {}, .results = {{"loss", loss, loss_tolerance}}};
  if (dx.defined()) {
    prepared.results.push_back({"gradient", dx, gradient_tolerance});
  }
  prepared.run = [=]() mutable { run(loss, dx.defined() ? &dx : nullptr); };
  return prepared;
}

}  // namespace

OperatorCase relu_case(const Shape& shape, bool mask) {
  return {.name = fmt::format("relu_{}{}", sizes(shape), mask ? "" : "_without_mask"),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor y = inputs.assigned(shape);
                Tensor bits = inputs.assigned_bytes(relu_mask_shape(shape));
                Prepared prepared{
                    .run =
                        [=, ops = inputs.ops(), x = inputs.signed_values("x", shape)]() mutable {
                          ops.relu(x, y, mask ? &bits : nullptr);
                        },
                    .results = {{"y", y, to_the_bit}}};
                if (mask) {
                  prepared.results.push_back({"mask", bits, to_the_bit});
                }
                return prepared;
              },
          .takes_bf16 = true};
}

OperatorCase relu_backward_case(const Shape& shape) {
  return {
      .name = fmt::format("relu_backward_{}", sizes(shape)),
      .prepare =
          [=](const Inputs& inputs) {
            Tensor dx = inputs.output("dx", shape);
            return Prepared{
                .run = [=, ops = inputs.ops(), dy = inputs.values("dy", shape),
                        mask = inputs.bytes("mask", relu_mask_shape(shape), 256),
                        mode = inputs.mode()]() mutable { ops.relu_backward(dy, mask, dx, mode); },
                .results = {{"dx", dx, {.roundings = 1}}}};
          },
      .accumulates = true,
      .takes_bf16 = true};
}

OperatorCase pool2d_case(const Pool2dParams& params, const Shape& shape) {
  return {.name = name_of("pool2d", params, shape),
          .prepare =
              [=](const Inputs& inputs) {
                const bool max = params.kind == PoolKind::max;
                Tensor y = inputs.assigned(pool2d_output_shape(params, shape));
                Tensor mask = inputs.assigned_bytes(y.shape());
                const Tensor x = max ? inputs.signed_values("x", shape) : inputs.values("x", shape);
                const double terms = params.window * params.window;
                Prepared prepared{
                    .run =
                        [=, ops = inputs.ops()]() mutable {
                          ops.pool2d(params, x, y, max ? &mask : nullptr);
                        },
                    .results = {{"y", y, max ? to_the_bit : Tolerance{.terms = terms}}}};
                if (max) {
                  prepared.results.push_back({"mask", mask, to_the_bit});
                }
                return prepared;
              },
          .takes_bf16 = true};
}

OperatorCase pool2d_backward_case(const Pool2dParams& params, const Shape& shape) {
  return {.name = name_of("pool2d_backward", params, shape),
          .prepare =
              [=](const Inputs& inputs) {
                const bool max = params.kind == PoolKind::max;
                const Shape pooled = pool2d_output_shape(params, shape);
                Tensor dx = inputs.output("dx", shape);
                const double terms = params.window * params.window;
                return Prepared{
                    .run =
                        [=, ops = inputs.ops(), dy = inputs.values("dy", pooled),
                         mask = inputs.bytes("mask", pooled, params.window * params.window),
                         mode = inputs.mode()]() mutable {
                          ops.pool2d_backward(params, dy, max ? &mask : nullptr, dx, mode);
                        },
                    .results = {{"dx", dx, {.terms = terms}}}};
              },
          .accumulates = true,
          .takes_bf16 = true};
}

OperatorCase gram_case(const Shape& f) {
  const double pixels = static_cast<double>(f[1] * f[2]);
  return {.name = fmt::format("gram_{}", sizes(f)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor g = inputs.assigned_sums({f[0], f[3], f[3]});
                return Prepared{
                    .run = [=, ops = inputs.ops(),
                            x = inputs.values("f", f)]() mutable { ops.gram(0.3, x, g); },
                    .results = {{"g", g, {.terms = pixels}}}};
              },
          .takes_bf16 = true,
          .operations = static_cast<double>(f.size() * f[3])};
}

OperatorCase gram_backward_case(const Shape& f) {
  return {
      .name = fmt::format("gram_backward_{}", sizes(f)),
      .prepare =
          [=](const Inputs& inputs) {
            Tensor df = inputs.output("df", f);
            return Prepared{
                .run = [=, ops = inputs.ops(), x = inputs.values("f", f),
                        dg = inputs.sums("dg", {f[0], f[3], f[3]}), scale = inputs.factor(-0.7),
                        mode =
                            inputs.mode()]() mutable { ops.gram_backward(scale, x, dg, df, mode); },
                .results = {{"df", df, {.terms = static_cast<double>(f[3]), .map_roundings = 1}}}};
          },
      .accumulates = true,
      .takes_bf16 = true,
      .operations = 2.0 * static_cast<double>(f.size() * f[3])};
}

OperatorCase gram_style_loss_case(const Shape& f, bool gradient) {
  const Shape g{f[0], f[3], f[3]};
  const double pixels = static_cast<double>(f[1] * f[2]);
  const GramStyleLossParams params{.gram_scale = 1 / pixels, .weight = 0.4};
  // A square doubles the relative error of what is squared.
  const Tolerance loss{.roundings = 12, .terms = 4 * pixels + static_cast<double>(g.size())};
  return {.name = fmt::format("gram_style_loss_{}{}", sizes(f), suffix(gradient)),
          .prepare =
              [=](const Inputs& inputs) {
                const Tensor x = inputs.values("f", f);
                const Tensor target = inputs.sums("target", g, Inputs::Role::subtracted);
                return prepared_loss(inputs, gradient ? inputs.assigned_sums(g) : Tensor(), loss,
                                     {.terms = pixels},
                                     [=, ops = inputs.ops()](Tensor& out, Tensor* dg) {
                                       ops.gram_style_loss(params, x, target, out, dg);
                                     });
              },
          .takes_bf16 = true,
          .operations = static_cast<double>(f.size() * f[3])};
}

// Of features that are not negative the mean is its own magnitude. So is every deviation: it is
// made of squares, each of a difference that is right to a few roundings.
OperatorCase channel_statistics_case(const Shape& shape, double centre, double spread) {
  const Tolerance tolerance{.terms = static_cast<double>(shape[1] * shape[2])};
  return {.name = fmt::format("channel_statistics_{}{}", sizes(shape),
                              spread == 0             ? "_constant"
                              : centre > 100 * spread ? "_far_from_0"
                                                      : ""),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor mean = inputs.assigned_sums({shape[0], shape[3]});
                Tensor deviation = inputs.assigned_sums(mean.shape());
                return Prepared{
                    .run =
                        [=, ops = inputs.ops(),
                         x = inputs.values_around("x", shape, centre, spread)]() mutable {
                          ops.channel_statistics(1e-8, x, mean, deviation);
                        },
                    .results = {{"mean", mean, tolerance}, {"deviation", deviation, tolerance}}};
              },
          .takes_bf16 = true,
          .operations = 4.0 * static_cast<double>(shape.size())};
}

OperatorCase channel_statistics_backward_case(const Shape& shape) {
  const Shape statistics{shape[0], shape[3]};
  return {.name = fmt::format("channel_statistics_backward_{}", sizes(shape)),
          .prepare =
              [=](const Inputs& inputs) {
                Tensor dx = inputs.output("dx", shape);
                return Prepared{
                    .run =
                        [=, ops = inputs.ops(), x = inputs.values("x", shape),
                         mean = inputs.sums("mean", statistics, Inputs::Role::subtracted),
                         deviation = inputs.sums_around("deviation", statistics, 1, 0.5),
                         dmean = inputs.sums("dmean", statistics),
                         ddeviation = inputs.sums("ddeviation", statistics),
                         mode = inputs.mode()]() mutable {
                          ops.channel_statistics_backward({&dmean, &ddeviation}, x, mean, deviation,
                                                          dx, mode);
                        },
                    .results = {{"dx", dx, {}}}};
              },
          .accumulates = true,
          .takes_bf16 = true,
          .operations = 4.0 * static_cast<double>(shape.size())};
}

OperatorCase content_loss_case(const Shape& shape, bool gradient) {
  const Tolerance loss{.terms = static_cast<double>(shape.size())};
  return {.name = fmt::format("content_loss_{}{}", sizes(shape), suffix(gradient)),
          .prepare =
              [=](const Inputs& inputs) {
                const Tensor x = inputs.values("x", shape);
                const Tensor target = inputs.values("target", shape, Inputs::Role::subtracted);
                return prepared_loss(inputs, gradient ? inputs.assigned(shape) : Tensor(), loss, {},
                                     [=, ops = inputs.ops()](Tensor& out, Tensor* dx) {
                                       ops.content_loss(0.6, x, target, out, dx);
                                     });
              },
          .takes_bf16 = true,
          .operations = 3.0 * static_cast<double>(shape.size())};
}

OperatorCase tv_loss_case(TvForm form, const Shape& shape, bool gradient) {
  const TvLossParams params{.form = form, .beta = 2.5, .weight = 0.7};
  const Tolerance loss{.roundings = 8, .terms = static_cast<double>(shape.size())};
  // A pixel's gradient is a sum of up to 12 terms like those of its neighbours.
  const Tolerance dx_tolerance{.kind = Tolerance::Kind::tensor, .roundings = 8, .terms = 12};
  return {
      .name = fmt::format("tv_loss_{}_{}{}", tests::name_of(form), sizes(shape), suffix(gradient)),
      .prepare =
          [=](const Inputs& inputs) {
            // Differences of exact numbers are right to one rounding: no magnitudes needed.
            const Tensor x = inputs.signed_values("x", shape);
            return prepared_loss(inputs, gradient ? inputs.assigned(shape) : Tensor(), loss,
                                 dx_tolerance, [=, ops = inputs.ops()](Tensor& out, Tensor* dx) {
                                   ops.tv_loss(params, x, out, dx);
                                 });
          },
      .operations = 10.0 * static_cast<double>(shape.size())};
}

OperatorCase range_loss_case(const Shape& shape, bool gradient) {
  const RangeLossParams params{.low = -0.25, .high = 0.5, .weight = 3};
  const Tolerance loss{.terms = static_cast<double>(shape.size())};
  return {.name = fmt::format("range_loss_{}{}", sizes(shape), suffix(gradient)),
          .prepare =
              [=](const Inputs& inputs) {
                const Tensor x = inputs.signed_values("x", shape);
                return prepared_loss(inputs, gradient ? inputs.assigned(shape) : Tensor(), loss, {},
                                     [=, ops = inputs.ops()](Tensor& out, Tensor* dx) {
                                       ops.range_loss(params, x, out, dx);
                                     });
              },
          .operations = 3.0 * static_cast<double>(shape.size())};
}

}  // namespace gramgrad::tests
