// Output shapes of operators, checked.
#include "kernels/ops.h"

namespace gramgrad {
namespace {

std::int64_t windows(std::int64_t extent, std::int64_t window, std::int64_t stride,
                     std::int64_t padding) {
  check(window >= 1 && stride >= 1 && padding >= 0,
        "a window of {}, stride {}, padding {} is not possible", window, stride, padding);
  check(extent + 2 * padding >= window, "a map of {} pixels is smaller than a window of {}", extent,
        window);
  return (extent + 2 * padding - window) / stride + 1;
}

}  // namespace

Shape conv2d_output_shape(const Conv2dParams& params, const Shape& x, const Shape& w) {
  check(x.rank() == 4 && w.rank() == 4 && x[3] == w[3],
        "conv2d: x {} and w {} do not fit (x [N,H,W,I], w [O,Kh,Kw,I])", x.to_string(),
        w.to_string());
  return {x[0], windows(x[1], w[1], params.stride, params.padding),
          windows(x[2], w[2], params.stride, params.padding), w[0]};
}

Shape conv2d_pooled_shape(const Conv2dParams& params, const Shape& x, const Shape& w) {
  return pool2d_output_shape({.kind = params.pool}, conv2d_output_shape(params, x, w));
}

Shape pool2d_output_shape(const Pool2dParams& params, const Shape& x) {
  check(x.rank() == 4, "pool2d: x {} is not [N,H,W,C]", x.to_string());
  check(params.window <= 16, "pool2d: a window of {} is too large (at most 16)", params.window);
  return {x[0], windows(x[1], params.window, params.stride, 0),
          windows(x[2], params.window, params.stride, 0), x[3]};
}

Shape relu_mask_shape(const Shape& x) {
  check(x.rank() == 4, "relu: x {} is not [N,H,W,C]", x.to_string());
  return {x[0], x[1], x[2], (x[3] + 7) / 8};
}

}  // namespace gramgrad
