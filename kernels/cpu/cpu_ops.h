// The operators of the CPU device, as kernels/ops.h documents them. cpu_ops() lists them.
#pragma once

#include "kernels/ops.h"

namespace gramgrad::cpu {

void fill(Tensor& x, double value);
void copy(const Tensor& x, Tensor& y);
void axpby(double a, const Tensor& x, double b, Tensor& y);
void multiply_scalar(const Tensor& s, const Tensor& x, Tensor& y, WriteMode mode);
void multiply(const Tensor& x, const Tensor& y, Tensor& z, WriteMode mode);
void clamp(Tensor& x, double low, double high);

void sum(const Tensor& x, Tensor& out);
void dot(const Tensor& x, const Tensor& y, Tensor& out);
void sum_absolute(const Tensor& x, Tensor& out);
void max_absolute(const Tensor& x, Tensor& out);

void conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
            const Conv2dOutputs& outputs);
void conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                           const Tensor& w, Tensor& dx, WriteMode mode);
void conv2d_backward_weight(const Conv2dParams& params, const Conv2dGradients& gradients,
                            const Tensor& x, Tensor& dw, Tensor& dbias, WriteMode mode);

void relu(const Tensor& x, Tensor& y, Tensor* mask);
void relu_backward(const Tensor& dy, const Tensor& mask, Tensor& dx, WriteMode mode);
void pool2d(const Pool2dParams& params, const Tensor& x, Tensor& y, Tensor* mask);
void pool2d_backward(const Pool2dParams& params, const Tensor& dy, const Tensor* mask, Tensor& dx,
                     WriteMode mode);

void gram(double scale, const Tensor& f, Tensor& g);
void gram_backward(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode);
void gram_style_loss(const GramStyleLossParams& params, const Tensor& f, const Tensor& target,
                     Tensor& loss, Tensor* dg);
void content_loss(double weight, const Tensor& x, const Tensor& target, Tensor& loss, Tensor* dx);
void tv_loss(const TvLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx);
void range_loss(const RangeLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx);

void channel_affine(const ChannelAffineParams& params, const Tensor& x, Tensor& y);
void channel_affine_backward(const ChannelAffineParams& params, const Tensor& dy, Tensor& dx,
                             WriteMode mode);
void resize(ResizeFilter filter, const Tensor& x, Tensor& y);
void resize_backward(ResizeFilter filter, const Tensor& dy, Tensor& dx, WriteMode mode);

void adam_step(const AdamParams& params, const Tensor& g, Tensor& m, Tensor& v, Tensor& x);

}  // namespace gramgrad::cpu
