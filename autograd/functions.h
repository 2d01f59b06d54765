// The differentiable functions. Each is one file in autograd/functions/ with forward and backward
// side by side; formulas and shapes are those of the operators of the same name in kernels/ops.h.
// A function of variables that require no gradient computes its value and records nothing.
#pragma once

#include <array>
#include <span>

#include "autograd/variable.h"
#include "kernels/ops.h"

namespace gramgrad::autograd {

// ---------------------------------------------------------------- arithmetic

// x + y, same shape
Variable add(const Variable& x, const Variable& y);
// x - y, same shape
Variable subtract(const Variable& x, const Variable& y);
// x * y element by element, same shape
Variable multiply(const Variable& x, const Variable& y);
// factor * x
Variable scale(const Variable& x, double factor);
// sum of all elements, [1]
Variable sum(const Variable& x);
// sum_i weights[i] * terms[i]: terms of one shape, as many weights; at least one
Variable weighted_sum(std::span<const Variable> terms, std::span<const double> weights);

// x in another element type, f32 or bf16; x itself where it has that type
Variable convert(const Variable& x, DType dtype);

// ---------------------------------------------------------------- layers

// Undefined: not computed.
struct Conv2dResult {
  Variable y;       // full resolution: without pooling always, with pooling where it is wanted
  Variable pooled;  // where params.pool is not none
};
// conv + bias (+ ReLU) (+ 2x2 pooling). `bias` may be undefined. With pooling, the full-resolution
// map is kept only if `want_full_resolution` (a tap).
Conv2dResult conv2d(const Conv2dParams& params, const Variable& x, const Variable& w,
                    const Variable& bias, bool want_full_resolution = false);
Variable relu(const Variable& x);
Variable pool2d(const Pool2dParams& params, const Variable& x);

// ---------------------------------------------------------------- style, content, regularisation

// G = scale * F^T F, [N, C, C]
Variable gram(const Variable& features, double scale);
// weight * ||scale * F^T F - target||_F^2, [1]; no gradient flows into `target`
Variable gram_style_loss(const GramStyleLossParams& params, const Variable& features,
                         const Tensor& target);
// Mean and deviation sqrt(variance + epsilon) of every channel of each picture, [N, C], of features
// [N, H, W, C].
struct ChannelStatistics {
  Variable mean, deviation;
};
ChannelStatistics channel_statistics(const Variable& features, double epsilon);
// weight * ||x - target||^2, [1]; no gradient flows into `target`
Variable content_loss(const Variable& x, const Tensor& target, double weight);
Variable tv_loss(const TvLossParams& params, const Variable& image);
// weight * mean (x - clamp(x, low, high))^2
Variable range_loss(const RangeLossParams& params, const Variable& image);

// ---------------------------------------------------------------- pictures

Variable channel_affine(const ChannelAffineParams& params, const Variable& image);
// to [N, height, width, C]
Variable resize(ResizeFilter filter, const Variable& image, std::int64_t height,
                std::int64_t width);

}  // namespace gramgrad::autograd
