// The operator table: everything that a device can compute, one function pointer an operator.
//
// Each device fills one table (reference_ops(), cpu_ops(), cuda_ops()); callers write
// `x.device().ops().gram(params, x, g)`. A table can be copied and an entry replaced
// (Device::with_ops), for benchmarks and tests.
//
// Conventions, for all operators
//   - Tensors are contiguous; feature maps and pictures are [N, H, W, C]; scalars are [1].
//   - All floating-point tensors of a call have one element type, f32 or f64, and one device.
//     Outputs are allocated by the caller with the shape that the contract names. Wrong shapes
//     throw Error.
//   - On CUDA devices, what a contract lists after "maps" may be bf16, all of it or nothing; the
//     other tensors of the call are then f32. Values are widened, computed with in f32, and results
//     are rounded once, to the nearest.
//   - Outputs do not overlap inputs, except where a contract says "may be in place".
//   - WriteMode::assign overwrites without reading; accumulate adds to what is there.
//   - Sums run in f32 or wider, in a fixed order that does not depend on the number of threads.
//   - Nothing synchronises with the host.
//   - `weight` and `scale` parameters are plain factors; scalars that are computed on the device
//     (`upstream`) are tensors [1].
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/optimizers.h"
#include "kernels/tensor.h"

namespace gramgrad {

enum class WriteMode { assign, accumulate };

// ---------------------------------------------------------------- convolution and pooling

enum class PoolKind { none, max, average };

struct Conv2dParams {
  int stride = 1;
  int padding = 0;                 // zeros on every side
  bool relu = false;               // y = max(0, conv + bias)
  PoolKind pool = PoolKind::none;  // 2x2, stride 2, no padding, after the ReLU; odd edges dropped
  bool frozen_weights = false;     // the weights never change: packed copies may be cached
};

// What a convolution writes. Null: not wanted.
struct Conv2dOutputs {
  Tensor* y = nullptr;          // [N, Ho, Wo, O]: the full-resolution map
  Tensor* pooled = nullptr;     // [N, Ho/2, Wo/2, O]
  Tensor* relu_mask = nullptr;  // u8 [N, Ho, Wo, ceil(O/8)]: bit (o % 8) of byte o/8 is y > 0
  Tensor* pool_mask = nullptr;  // u8 [N, Ho/2, Wo/2, O]: winner's index 2*ky + kx (max pooling)
};

// What flows back into a convolution: gradients of its outputs, and the masks that it wrote.
// Null: no such gradient / no such stage.
struct Conv2dGradients {
  const Tensor* dy = nullptr;
  const Tensor* dpooled = nullptr;
  const Tensor* relu_mask = nullptr;  // required where params.relu
  const Tensor* pool_mask = nullptr;  // required where params.pool is max and dpooled is given
};

// Square windows without padding; a window that would cross the edge is dropped.
struct Pool2dParams {
  PoolKind kind = PoolKind::max;
  int window = 2;  // at most 16
  int stride = 2;
};

// ---------------------------------------------------------------- losses

struct GramStyleLossParams {
  double gram_scale = 1;  // of G = gram_scale * F^T F
  double weight = 1;      // of the squared difference
};

// What flows back into channel_statistics, each [N, C]. Null: nothing; at least one is given.
struct ChannelStatisticsGradients {
  const Tensor* dmean = nullptr;
  const Tensor* ddeviation = nullptr;
};

// Forms of the total variation; dx = x[h, w+1] - x[h, w], dy = x[h+1, w] - x[h, w].
enum class TvForm {
  squared_cropped,  // 1/2 sum(dx^2 + dy^2) over the first H-1 rows and W-1 columns (neural-style)
  absolute,         // sum|dx| + sum|dy| (neural-style-pt)
  squared_mean,     // mean dx^2 + mean dy^2 (each over its own count; a count of 0 gives 0)
  power,            // sum (dx^2 + dy^2)^(beta/2) over (H-1) x (W-1) (Mahendran & Vedaldi 2015)
  nine_point,       // 2 [mean dx^2/3 + mean dy^2/3 + mean diagonal^2/12 (both)], edges replicated
                    // (style-transfer-pytorch)
};

struct TvLossParams {
  TvForm form = TvForm::squared_mean;
  double beta = 2;  // of TvForm::power; its gradient where dx = dy = 0 is 0
  double weight = 1;
};

struct RangeLossParams {
  double low = 0;
  double high = 1;
  double weight = 1;  // of the mean
};

// ---------------------------------------------------------------- pictures

// y[..., c] = x[..., source[c]] * scale[c] + shift[c], for 3 channels.
struct ChannelAffineParams {
  std::array<int, 3> source{0, 1, 2};
  std::array<double, 3> scale{1, 1, 1};
  std::array<double, 3> shift{0, 0, 0};
};

// As torch.nn.functional.interpolate(align_corners=False): area is adaptive average pooling,
// bicubic has a = -0.75; neither bilinear nor bicubic smooths before it shrinks.
enum class ResizeFilter { area, bilinear, bicubic };

// ---------------------------------------------------------------- scalars for the host

// Rows of numbers in memory that device and host both see; kernels/scalar_ring.h reads them.
struct RowRing {
  static constexpr std::size_t most_scalars = 15;
  struct Row {
    double scalars[most_scalars];
    StopReason stop;
  };
  Row* rows = nullptr;
  int count = 0;
};

// An entry of the table. It cannot be left out: a table without it does not compile.
template <typename Function>
class Operator;

template <typename... Args>
class Operator<void(Args...)> {
 public:
  using Signature = void(Args...);
  constexpr Operator(Signature* function) : function_(function) {}  // NOLINT: meant to be implicit
  void operator()(Args... args) const { function_(static_cast<Args>(args)...); }

 private:
  Signature* function_;
};

struct Ops {
  // -------------------------------------------------------------- elementwise and sums

  // x[i] = value. maps: x
  Operator<void(Tensor& x, double value)> fill;
  // y = x, same shape and type
  Operator<void(const Tensor& x, Tensor& y)> copy;
  // y = a x + b y; where b = 0, y is not read. May be in place. maps: x, y, each for itself; so
  // that axpby(1, x, 0, y) converts, and is then not in place.
  Operator<void(double a, const Tensor& x, double b, Tensor& y)> axpby;
  // y (+)= s x, with s [1] on the device. maps: x, y
  Operator<void(const Tensor& s, const Tensor& x, Tensor& y, WriteMode mode)> multiply_scalar;
  // z (+)= x * y, element by element, same shape. maps: x, y, z
  Operator<void(const Tensor& x, const Tensor& y, Tensor& z, WriteMode mode)> multiply;
  // x = min(max(x, low), high); NaN stays NaN
  Operator<void(Tensor& x, double low, double high)> clamp;
  // out[0] = sum x. maps: x; and of the following x, y
  Operator<void(const Tensor& x, Tensor& out)> sum;
  // out[0] = sum x * y
  Operator<void(const Tensor& x, const Tensor& y, Tensor& out)> dot;
  // out[0] = sum |x|
  Operator<void(const Tensor& x, Tensor& out)> sum_absolute;
  // out[0] = max |x|; NaN where any x is NaN
  Operator<void(const Tensor& x, Tensor& out)> max_absolute;

  // -------------------------------------------------------------- convolution

  // z[n,oh,ow,o] = bias[o] + sum_{kh,kw,i} x[n, oh*stride+kh-padding, ow*stride+kw-padding, i]
  //                                        * w[o,kh,kw,i]       (cross-correlation)
  // y = relu ? max(0, z) : z (NaN stays NaN); pooled = pool(y).
  // x [N,H,W,I], w [O,Kh,Kw,I], bias [O] or undefined. Ho = (H + 2 padding - Kh)/stride + 1 >= 1.
  // At least one of y and pooled is wanted. maps: x, w, bias, y, pooled
  Operator<void(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
                const Conv2dOutputs& outputs)>
      conv2d;
  // dz = relu_mask * (dy + unpool(dpooled)); dx (+)= the transpose of the convolution, of dz.
  // dx [N,H,W,I]. At least one of dy and dpooled is given. maps: dy, dpooled, w, dx; dz is one,
  // too.
  Operator<void(const Conv2dParams& params, const Conv2dGradients& gradients, const Tensor& w,
                Tensor& dx, WriteMode mode)>
      conv2d_backward_input;
  // dz as above; dw[o,kh,kw,i] (+)= sum_{n,oh,ow} dz[n,oh,ow,o] * x[n, ...]; dbias[o] (+)= sum dz.
  // dbias may be undefined: not wanted. x as given to conv2d.
  Operator<void(const Conv2dParams& params, const Conv2dGradients& gradients, const Tensor& x,
                Tensor& dw, Tensor& dbias, WriteMode mode)>
      conv2d_backward_weight;

  // -------------------------------------------------------------- ReLU and pooling: all maps

  // y = max(0, x) (NaN stays NaN); mask as Conv2dOutputs::relu_mask, of [N,H,W,C]; null: unwanted.
  Operator<void(const Tensor& x, Tensor& y, Tensor* mask)> relu;
  // dx (+)= mask * dy
  Operator<void(const Tensor& dy, const Tensor& mask, Tensor& dx, WriteMode mode)> relu_backward;
  // y [N, (H-window)/stride+1, (W-window)/stride+1, C]. The first of equal maxima wins; NaN wins.
  // mask u8, as y: winner's index ky*window + kx, max only; null: unwanted.
  Operator<void(const Pool2dParams& params, const Tensor& x, Tensor& y, Tensor* mask)> pool2d;
  // dx (+)= the transpose; mask is null for average pooling.
  Operator<void(const Pool2dParams& params, const Tensor& dy, const Tensor* mask, Tensor& dx,
                WriteMode mode)>
      pool2d_backward;

  // -------------------------------------------------------------- style and content

  // g[n,i,j] = scale * sum_{h,w} f[n,h,w,i] f[n,h,w,j]; f [N,H,W,C], g [N,C,C], exactly symmetric.
  // Gatys, Ecker, Bethge 2016, equation 3. maps: f; as bf16 has f32's range, g overflows only where
  // f32's sums do.
  Operator<void(double scale, const Tensor& f, Tensor& g)> gram;
  // df[n,h,w,i] (+)= scale * sum_j f[n,h,w,j] (dg[n,i,j] + dg[n,j,i]). maps: f, df; what
  // multiplies bf16 takes dg + dg^T rounded to it, and on a CPU f too.
  Operator<void(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode)>
      gram_backward;
  // With G = gram(gram_scale, f), D = G - target:
  // loss[0] = weight * sum D^2;  dg = 2 weight D (the gradient with respect to G; null: unwanted).
  // target, dg [N,C,C]. The fusion of gram, axpby and dot. maps: f
  Operator<void(const GramStyleLossParams& params, const Tensor& f, const Tensor& target,
                Tensor& loss, Tensor* dg)>
      gram_style_loss;
  // Of the M = H W >= 1 pixels of each picture x [N,H,W,C]:
  // mean[n,c] = 1/M sum_{h,w} x[n,h,w,c];
  // deviation[n,c] = sqrt(1/M sum_{h,w} (x[n,h,w,c] - mean[n,c])^2 + epsilon), epsilon >= 0.
  // mean, deviation [N,C]. However small the deviation is beside the mean, it is as exact as the
  // differences of pixels. An infinite pixel makes both NaN, or infinite. maps: x
  Operator<void(double epsilon, const Tensor& x, Tensor& mean, Tensor& deviation)>
      channel_statistics;
  // dx (+)= (dmean + ddeviation (x - mean) / deviation) / M, of each picture and channel; without
  // the second term where the deviation is 0. mean, deviation as channel_statistics wrote them.
  // maps: x, dx
  Operator<void(const ChannelStatisticsGradients& gradients, const Tensor& x, const Tensor& mean,
                const Tensor& deviation, Tensor& dx, WriteMode mode)>
      channel_statistics_backward;
  // loss[0] = weight * sum (x - target)^2;  dx = 2 weight (x - target) (null: unwanted).
  // maps: x, target, dx
  Operator<void(double weight, const Tensor& x, const Tensor& target, Tensor& loss, Tensor* dx)>
      content_loss;
  // loss[0] = weight * form(x), summed (means: averaged) over N and C too; dx its gradient (null:
  // unwanted). |d| has gradient 0 at 0.
  Operator<void(const TvLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx)> tv_loss;
  // loss[0] = weight * mean (x - clamp(x, low, high))^2;  dx its gradient (null: unwanted).
  Operator<void(const RangeLossParams& params, const Tensor& x, Tensor& loss, Tensor* dx)>
      range_loss;

  // -------------------------------------------------------------- pictures

  // x, y [N,H,W,3]
  Operator<void(const ChannelAffineParams& params, const Tensor& x, Tensor& y)> channel_affine;
  // dx[..., source[c]] (+)= scale[c] * dy[..., c]
  Operator<void(const ChannelAffineParams& params, const Tensor& dy, Tensor& dx, WriteMode mode)>
      channel_affine_backward;
  // x [N,H,W,C] -> y [N,H',W',C]; H, W, H', W' >= 1
  Operator<void(ResizeFilter filter, const Tensor& x, Tensor& y)> resize;
  // dx (+)= the transpose of resize, of dy
  Operator<void(ResizeFilter filter, const Tensor& dy, Tensor& dx, WriteMode mode)> resize_backward;

  // -------------------------------------------------------------- optimisers

  // One step of a picture x along its gradient g, both of any one shape, for loss [1]. `after` says
  // what becomes of x in the same pass. Unless loss and g are finite, and whatever else the step
  // demands, nothing changes but the status: state says which stop reason, and counts steps.
  // state: u8, what kernels/optimizers.h names, zero before the first step.

  // n = steps taken with this one; state: AdamState.
  // m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2;
  // x -= learning_rate * m/(1-beta1^n) / (sqrt(v/(1-beta2^n)) + epsilon)
  Operator<void(const AdamParams& params, const AfterStep& after, const Tensor& loss,
                const Tensor& g, Tensor& m, Tensor& v, Tensor& state, Tensor& x)>
      adam_step;
  // v = momentum v + g (g in the first step); x -= learning_rate v; state: SgdState.
  // v is undefined where the momentum is 0.
  Operator<void(const SgdParams& params, const AfterStep& after, const Tensor& loss,
                const Tensor& g, Tensor& v, Tensor& state, Tensor& x)>
      sgd_step;
  // x += s, s = min(max(t d, -limit), limit), d = -H g by the two-loop recursion (Nocedal & Wright,
  // Numerical Optimization, algorithm 7.4) over the pairs in the ring s, y [slots, x.size()], slots
  // >= 2; t is the learning rate, in the first step times min(1, 1 / sum |g|). Stops as
  // torch.optim.LBFGS does. state: LbfgsState, of lbfgs_state_bytes(slots) bytes.
  Operator<void(const LbfgsParams& params, const AfterStep& after, const Tensor& loss,
                const Tensor& g, Tensor& s, Tensor& y, Tensor& state, Tensor& x)>
      lbfgs_step;

  // -------------------------------------------------------------- scalars for the host

  // With n = cursor[0]: row n % ring.count = the scalars [1], at most RowRing::most_scalars, and
  // the stop reason in `state`, which begins with a StepStatus; cursor[0] = n + 1.
  // cursor: u8 [8], an int64.
  Operator<void(std::span<const Tensor> scalars, const Tensor& state, Tensor& cursor,
                const RowRing& ring)>
      append_row;
};

Ops reference_ops();
Ops cpu_ops();
// Throws Error in a build without CUDA.
Ops cuda_ops();

// ---------------------------------------------------------------- shapes that contracts name

Shape conv2d_output_shape(const Conv2dParams& params, const Shape& x, const Shape& w);
Shape conv2d_pooled_shape(const Conv2dParams& params, const Shape& x, const Shape& w);
Shape pool2d_output_shape(const Pool2dParams& params, const Shape& x);
// [N, H, W, C] -> [N, H, W, ceil(C/8)]
Shape relu_mask_shape(const Shape& x);

}  // namespace gramgrad
