// The reference's backward operators are the transposes of its forward ones: <A x, y> = <x, A^T y>,
// in f64, for every operator that is linear.
#include <gtest/gtest.h>

#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

class Adjoint : public testing::Test {
 protected:
  Tensor random(const char* name, const Shape& shape) const {
    return random_f64(device_).values(name, shape);
  }
  Tensor empty(const Shape& shape) const { return random_f64(device_).assigned(shape); }
  const Ops& ops() const { return device_.ops(); }

  // Both sums have the same terms in another order.
  static void expect_equal(const Dot& forward, const Dot& backward) {
    EXPECT_NEAR(forward.value, backward.value,
                1e-14 * (forward.magnitude + backward.magnitude) + 1e-300)
        << "seed " << test_seed();
    EXPECT_GT(forward.magnitude, 0);
  }

  Device device_ = Device::reference();
};

struct ConvolutionSize {
  Shape x, w;
  Conv2dParams params;
};

std::vector<ConvolutionSize> convolution_sizes() {
  return {{{2, 7, 5, 3}, {4, 3, 3, 3}, {.padding = 1}},
          {{1, 9, 8, 5}, {3, 3, 3, 5}, {.stride = 2, .padding = 1}},
          {{1, 8, 9, 2}, {7, 5, 5, 2}, {.stride = 3, .padding = 2}},
          {{3, 4, 1, 17}, {5, 1, 1, 17}, {}},
          {{1, 6, 7, 1}, {2, 2, 4, 1}, {.stride = 1, .padding = 3}}};
}

TEST_F(Adjoint, ConvolutionOfInput) {
  for (const auto& [x_shape, w_shape, params] : convolution_sizes()) {
    const Tensor x = random("x", x_shape);
    const Tensor w = random("w", w_shape);
    Tensor y = empty(conv2d_output_shape(params, x_shape, w_shape));
    const Tensor dy = random("dy", y.shape());
    Tensor dx = empty(x_shape);
    ops().conv2d(params, x, w, Tensor(), {.y = &y});
    ops().conv2d_backward_input(params, {.dy = &dy}, w, dx, WriteMode::assign);
    expect_equal(dot_of(y, dy), dot_of(x, dx));
  }
}

TEST_F(Adjoint, ConvolutionOfWeightsAndBias) {
  for (const auto& [x_shape, w_shape, params] : convolution_sizes()) {
    const Tensor x = random("x", x_shape);
    const Tensor w = random("w", w_shape);
    const Tensor bias = random("bias", {w_shape[0]});
    Tensor y = empty(conv2d_output_shape(params, x_shape, w_shape));
    const Tensor dy = random("dy", y.shape());
    Tensor dw = empty(w_shape);
    Tensor dbias = empty(bias.shape());
    ops().conv2d(params, x, w, bias, {.y = &y});
    ops().conv2d_backward_weight(params, {.dy = &dy}, x, dw, dbias, WriteMode::assign);
    const Dot of_weights = dot_of(w, dw);
    const Dot of_bias = dot_of(bias, dbias);
    expect_equal(dot_of(y, dy),
                 {of_weights.value + of_bias.value, of_weights.magnitude + of_bias.magnitude});
  }
}

TEST_F(Adjoint, AveragePooling) {
  for (const Pool2dParams& params :
       {Pool2dParams{PoolKind::average, 2, 2}, Pool2dParams{PoolKind::average, 3, 1},
        Pool2dParams{PoolKind::average, 2, 3}}) {
    const Tensor x = random("x", {2, 7, 6, 5});
    Tensor y = empty(pool2d_output_shape(params, x.shape()));
    const Tensor dy = random("dy", y.shape());
    Tensor dx = empty(x.shape());
    ops().pool2d(params, x, y, nullptr);
    ops().pool2d_backward(params, dy, nullptr, dx, WriteMode::assign);
    expect_equal(dot_of(y, dy), dot_of(x, dx));
  }
}

TEST_F(Adjoint, Resizing) {
  for (const ResizeFilter filter :
       {ResizeFilter::area, ResizeFilter::bilinear, ResizeFilter::bicubic}) {
    for (const auto& [from, to] : {std::pair{Shape{2, 5, 7, 3}, Shape{2, 11, 4, 3}},
                                   {Shape{1, 12, 9, 2}, Shape{1, 5, 20, 2}},
                                   {Shape{1, 1, 4, 3}, Shape{1, 6, 1, 3}}}) {
      const Tensor x = random("x", from);
      const Tensor dy = random("dy", to);
      Tensor y = empty(to);
      Tensor dx = empty(from);
      ops().resize(filter, x, y);
      ops().resize_backward(filter, dy, dx, WriteMode::assign);
      expect_equal(dot_of(y, dy), dot_of(x, dx));
    }
  }
}

TEST_F(Adjoint, ChannelAffine) {
  for (const auto& source : {std::array{2, 1, 0}, std::array{1, 1, 0}}) {
    const ChannelAffineParams params{.source = source, .scale = {255, -0.5, 4.25}};
    const Tensor x = random("x", {2, 3, 5, 3});
    const Tensor dy = random("dy", x.shape());
    Tensor y = empty(x.shape());
    Tensor dx = empty(x.shape());
    ops().channel_affine(params, x, y);
    ops().channel_affine_backward(params, dy, dx, WriteMode::assign);
    expect_equal(dot_of(y, dy), dot_of(x, dx));
  }
}

}  // namespace
}  // namespace gramgrad::tests
