// What the contracts in ops.h require of an operator's arguments, checked: one function an
// operator, shared by all devices. Each throws Error that names the operator, the argument and the
// shapes. They look at shapes, element types, devices and overlap only, never at values.
#pragma once

#include "kernels/ops.h"

namespace gramgrad {

void check_fill(const Tensor& x);
void check_copy(const Tensor& x, const Tensor& y);
void check_axpby(const Tensor& x, const Tensor& y);
void check_multiply_scalar(const Tensor& s, const Tensor& x, const Tensor& y);
void check_multiply(const Tensor& x, const Tensor& y, const Tensor& z);
void check_clamp(const Tensor& x, double low, double high);
void check_sum(const Tensor& x, const Tensor& out);
void check_dot(const Tensor& x, const Tensor& y, const Tensor& out);
void check_sum_absolute(const Tensor& x, const Tensor& out);
void check_max_absolute(const Tensor& x, const Tensor& out);

void check_conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
                  const Conv2dOutputs& outputs);
void check_conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                                 const Tensor& w, const Tensor& dx);
void check_conv2d_backward_weight(const Conv2dParams& params, const Conv2dGradients& gradients,
                                  const Tensor& x, const Tensor& dw, const Tensor& dbias);

void check_relu(const Tensor& x, const Tensor& y, const Tensor* mask);
void check_relu_backward(const Tensor& dy, const Tensor& mask, const Tensor& dx);
void check_pool2d(const Pool2dParams& params, const Tensor& x, const Tensor& y, const Tensor* mask);
void check_pool2d_backward(const Pool2dParams& params, const Tensor& dy, const Tensor* mask,
                           const Tensor& dx);

void check_gram(const Tensor& f, const Tensor& g);
void check_gram_backward(const Tensor& f, const Tensor& dg, const Tensor& df);
void check_gram_style_loss(const Tensor& f, const Tensor& target, const Tensor& loss,
                           const Tensor* dg);
void check_channel_statistics(double epsilon, const Tensor& x, const Tensor& mean,
                              const Tensor& deviation);
void check_channel_statistics_backward(const ChannelStatisticsGradients& gradients, const Tensor& x,
                                       const Tensor& mean, const Tensor& deviation,
                                       const Tensor& dx);
void check_content_loss(const Tensor& x, const Tensor& target, const Tensor& loss,
                        const Tensor* dx);
void check_tv_loss(const TvLossParams& params, const Tensor& x, const Tensor& loss,
                   const Tensor* dx);
void check_range_loss(const RangeLossParams& params, const Tensor& x, const Tensor& loss,
                      const Tensor* dx);

void check_channel_affine(const ChannelAffineParams& params, const Tensor& x, const Tensor& y);
void check_channel_affine_backward(const ChannelAffineParams& params, const Tensor& dy,
                                   const Tensor& dx);
void check_resize(const Tensor& x, const Tensor& y);
void check_resize_backward(const Tensor& dy, const Tensor& dx);

void check_adam_step(const AdamParams& params, const AfterStep& after, const Tensor& loss,
                     const Tensor& g, const Tensor& m, const Tensor& v, const Tensor& state,
                     const Tensor& x);
void check_sgd_step(const SgdParams& params, const AfterStep& after, const Tensor& loss,
                    const Tensor& g, const Tensor& v, const Tensor& state, const Tensor& x);
void check_lbfgs_step(const LbfgsParams& params, const AfterStep& after, const Tensor& loss,
                      const Tensor& g, const Tensor& s, const Tensor& y, const Tensor& state,
                      const Tensor& x);

void check_append_row(std::span<const Tensor> scalars, const Tensor& state, const Tensor& cursor,
                      const RowRing& ring);

}  // namespace gramgrad
