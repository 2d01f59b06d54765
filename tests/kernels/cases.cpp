// The table of operator cases.
#include "tests/kernels/cases.h"

namespace gramgrad::tests {
namespace {

using Cases = std::vector<OperatorCase>;

// Sizes like VGG's, and the odd ones around them.
std::vector<Conv2dSize> conv2d_sizes() {
  constexpr PoolKind max = PoolKind::max;
  constexpr PoolKind average = PoolKind::average;
  const auto size = [](int batch, int height, int width, int in, int out, int kernel, int stride,
                       int padding) {
    return Conv2dSize{.batch = batch,
                      .height = height,
                      .width = width,
                      .in = in,
                      .out = out,
                      .kernel = kernel,
                      .stride = stride,
                      .padding = padding};
  };
  const auto frozen = [](Conv2dSize s) {
    s.frozen = true;
    return s;
  };
  const auto unbiased = [](Conv2dSize s) {
    s.bias = false;
    return s;
  };
  return {
      size(1, 1, 1, 1, 1, 1, 1, 0),
      size(1, 1, 1, 5, 3, 3, 1, 1),
      size(2, 7, 5, 3, 5, 3, 1, 1),
      size(1, 9, 1, 5, 17, 3, 1, 1),
      with_relu(size(1, 1, 13, 33, 5, 3, 1, 1)),
      with_relu(size(1, 9, 14, 3, 64, 3, 1, 1)),
      with_relu(size(1, 9, 14, 3, 64, 3, 1, 1), max),
      frozen(with_relu(size(1, 12, 10, 64, 64, 3, 1, 1))),
      frozen(with_relu(size(1, 12, 10, 64, 64, 3, 1, 1), max, false)),
      frozen(with_relu(size(1, 11, 13, 64, 128, 3, 1, 1), average)),
      with_relu(size(3, 6, 11, 17, 33, 3, 1, 1), max),
      with_relu(size(2, 5, 7, 33, 17, 3, 1, 1), max, false),
      with_relu(size(2, 8, 6, 16, 24, 3, 1, 1), average, false),
      frozen(with_relu(size(1, 4, 3, 256, 128, 3, 1, 1))),
      frozen(with_relu(size(1, 17, 23, 32, 48, 3, 1, 1))),
      size(1, 5, 6, 17, 33, 3, 1, 0),
      size(1, 2, 2, 3, 3, 3, 1, 2),
      unbiased(size(1, 6, 5, 8, 16, 3, 1, 1)),
      with_relu(size(2, 9, 9, 16, 32, 5, 1, 2)),
      size(1, 13, 13, 128, 64, 1, 1, 0),
      frozen(size(3, 7, 5, 33, 17, 1, 1, 0)),
      size(1, 11, 8, 5, 3, 3, 2, 1),
      with_relu(size(2, 9, 12, 4, 17, 5, 2, 0), max),
      size(1, 8, 9, 3, 5, 2, 3, 1),
      unbiased(with_relu(size(2, 11, 5, 3, 32, 9, 1, 4))),
      with_relu(size(2, 13, 10, 3, 64, 7, 2, 3)),
  };
}

// [N, H, W, C]
const std::vector<Shape>& feature_shapes() {
  static const std::vector<Shape> shapes{{1, 1, 1, 1},  {1, 1, 7, 3},  {2, 5, 1, 5}, {1, 6, 4, 17},
                                         {3, 7, 9, 33}, {1, 8, 8, 64}, {2, 13, 5, 8}};
  return shapes;
}

void add_convolutions(Cases& cases) {
  for (const Conv2dSize& size : conv2d_sizes()) {
    cases.push_back(conv2d_case(size));
    cases.push_back(conv2d_backward_input_case(size));
    cases.push_back(conv2d_backward_weight_case(size));
  }
}

void add_features(Cases& cases) {
  for (const Shape& shape : feature_shapes()) {
    cases.push_back(relu_case(shape, true));
    cases.push_back(relu_backward_case(shape));
    cases.push_back(gram_case(shape));
    cases.push_back(gram_backward_case(shape));
    cases.push_back(gram_style_loss_case(shape, true));
    cases.push_back(channel_statistics_case(shape));
    cases.push_back(channel_statistics_backward_case(shape));
    cases.push_back(content_loss_case(shape, true));
  }
  cases.push_back(channel_statistics_case({1, 41, 53, 19}));   // many pixels: chunks
  cases.push_back(channel_statistics_case({2, 271, 251, 1}));  // and chunks of several passes
  cases.push_back(channel_statistics_case({2, 13, 9, 35}, 0.7, 0));
  // The differences of pixels are a few units in their last place. E[x^2] - mean^2 would lose
  // 2 log2(centre/spread) = 42 bits, and be wrong in f64, too.
  cases.push_back(channel_statistics_case({1, 61, 67, 5}, 0x1p14, 0x1p-7));
  cases.push_back(gram_case({1, 41, 53, 19}));  // many pixels: chunks
  cases.push_back(relu_case({1, 3, 5, 9}, false));
  cases.push_back(gram_style_loss_case({1, 6, 7, 20}, false));
  cases.push_back(content_loss_case({1, 61, 47, 5}, false));
  for (const PoolKind kind : {PoolKind::max, PoolKind::average}) {
    for (const Pool2dParams& params :
         {Pool2dParams{kind, 2, 2}, Pool2dParams{kind, 3, 2}, Pool2dParams{kind, 3, 1}}) {
      for (const Shape& shape :
           {Shape{1, 3, 3, 1}, Shape{2, 7, 5, 3}, Shape{3, 6, 9, 17}, Shape{1, 8, 8, 64}}) {
        cases.push_back(pool2d_case(params, shape));
        cases.push_back(pool2d_backward_case(params, shape));
      }
    }
  }
}

void add_pictures(Cases& cases) {
  for (const TvForm form : {TvForm::squared_cropped, TvForm::absolute, TvForm::squared_mean,
                            TvForm::power, TvForm::nine_point}) {
    for (const Shape& shape : {Shape{1, 1, 1, 3}, Shape{1, 1, 6, 3}, Shape{2, 7, 1, 3},
                               Shape{1, 17, 23, 3}, Shape{3, 4, 5, 5}}) {
      cases.push_back(tv_loss_case(form, shape, true));
    }
    cases.push_back(tv_loss_case(form, {1, 9, 8, 3}, false));
  }
  const ChannelAffineParams bgr{.source = {2, 1, 0},
                                .scale = {255, -0.5, 1 / 0.229},
                                .shift = {-103.939, 0.25, -0.485 / 0.229}};
  const ChannelAffineParams grey{.source = {1, 1, 1}, .scale = {0.5, 2, 3}, .shift = {0, 0, 1}};
  for (const Shape& shape : {Shape{1, 1, 1, 3}, Shape{2, 7, 5, 3}, Shape{1, 33, 29, 3}}) {
    cases.push_back(range_loss_case(shape, true));
    for (const ChannelAffineParams& params : {bgr, grey}) {
      cases.push_back(channel_affine_case(params, shape));
      cases.push_back(channel_affine_backward_case(params, shape));
    }
  }
  cases.push_back(range_loss_case({1, 9, 7, 3}, false));
}

void add_resizes(Cases& cases) {
  const auto sizes = {
      std::pair{Shape{1, 1, 1, 3}, Shape{1, 3, 2, 3}}, {Shape{2, 7, 5, 3}, Shape{2, 7, 5, 3}},
      {Shape{2, 9, 7, 3}, Shape{2, 5, 11, 3}},         {Shape{1, 33, 40, 3}, Shape{1, 17, 9, 3}},
      {Shape{1, 12, 13, 3}, Shape{1, 31, 29, 3}},      {Shape{1, 6, 1, 17}, Shape{1, 4, 5, 17}}};
  for (const ResizeFilter filter :
       {ResizeFilter::area, ResizeFilter::bilinear, ResizeFilter::bicubic}) {
    for (const auto& [x, y] : sizes) {
      cases.push_back(resize_case(filter, x, y));
      cases.push_back(resize_backward_case(filter, x, y));
    }
  }
}

Cases all_cases() {
  Cases cases;
  for (const Shape& shape : {Shape{1}, Shape{7}, Shape{1, 5, 13, 3}, Shape{100'003}}) {
    for (OperatorCase& each : elementwise_cases(shape)) {
      cases.push_back(std::move(each));
    }
  }
  for (const Shape& shape : {Shape{1}, Shape{7}, Shape{4099}}) {
    cases.push_back(lbfgs_step_case(shape, 2));
  }
  cases.push_back(lbfgs_descent_case({1, 5, 13, 3}, 3));
  cases.push_back(lbfgs_descent_case({4099}, 5));
  add_convolutions(cases);
  add_features(cases);
  add_pictures(cases);
  add_resizes(cases);
  return cases;
}

}  // namespace

const std::vector<OperatorCase>& operator_cases() {
  static const Cases cases = all_cases();
  return cases;
}

}  // namespace gramgrad::tests
