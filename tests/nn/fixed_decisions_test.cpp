// Gradients in f32 through the whole of VGG19, ReLU and pooling decided as the reference device
// decides in f64: in f32 some decisions fall the other way, and one such changes a gradient by far
// more than rounding does.
#include <gtest/gtest.h>

#include <algorithm>

#include "autograd/functions.h"
#include "nn/architecture.h"
#include "nn/losses/gram.h"
#include "nn/vgg.h"
#include "tests/nn/golden.h"
#include "tests/nn/nst_pictures.h"
#include "tests/nn/synthetic_vgg.h"

namespace gramgrad::nn {
namespace {

using autograd::Variable;

// A convolution as the reference device ran it, and what it decided.
struct Decided {
  std::string tap;  // relu3_1
  Conv2dParams params;
  Tensor weight;
  Shape input;
  Tensor y;  // undefined where it pools
  Tensor relu_mask, pool_mask;
};

Tensor moved(const Tensor& tensor, const Device& device, DType dtype) {
  if (tensor.dtype() == DType::u8) {
    return Tensor::from_host<std::uint8_t>(device, tensor.shape(), DType::u8,
                                           tensor.to_host<std::uint8_t>());
  }
  return Tensor::from_host<double>(device, tensor.shape(), dtype, tensor.to_host<double>());
}

// The forward pass in f64, layer by layer.
std::vector<Decided> decide(const WeightsFile& file, const Tensor& picture) {
  const Device& device = picture.device();
  Tensor x(device, picture.shape(), DType::f64);
  device.ops().channel_affine(feeding_params(file.feeding()), picture, x);
  std::vector<Decided> layers;
  const std::vector<ConvLayer> convs = conv_layers(file);
  for (std::size_t i = 0; i < convs.size(); ++i) {
    const auto load = [&](const TensorView& view, Shape shape) {
      std::vector<double> values(view.element_count());
      expand_to_f64(view, values);
      return Tensor::from_host<double>(device, shape, DType::f64, values);
    };
    const bool pools = i + 1 < convs.size() && convs[i + 1].block != convs[i].block;
    Decided layer{fmt::format("relu{}_{}", convs[i].block, convs[i].index),
                  {.padding = 1, .relu = true, .pool = pools ? PoolKind::max : PoolKind::none},
                  load(*convs[i].weight, {convs[i].out_channels, 3, 3, convs[i].in_channels}),
                  x.shape(),
                  {},
                  {},
                  {}};
    const Tensor bias = load(*convs[i].bias, {convs[i].out_channels});
    const Shape full = conv2d_output_shape(layer.params, x.shape(), layer.weight.shape());
    layer.relu_mask = Tensor(device, relu_mask_shape(full), DType::u8);
    Tensor next(device,
                pools ? conv2d_pooled_shape(layer.params, x.shape(), layer.weight.shape()) : full,
                DType::f64);
    if (pools) {
      layer.pool_mask = Tensor(device, next.shape(), DType::u8);
      device.ops().conv2d(layer.params, x, layer.weight, bias,
                          {nullptr, &next, &layer.relu_mask, &layer.pool_mask});
    } else {
      device.ops().conv2d(layer.params, x, layer.weight, bias,
                          {&next, nullptr, &layer.relu_mask, nullptr});
      layer.y = next;
    }
    x = next;
    layers.push_back(std::move(layer));
  }
  return layers;
}

// One convolution's backward pass on a device; its decisions and gradients come from elsewhere.
Tensor backward_through(const Decided& layer, const Tensor& gradient, const Device& device,
                        DType dtype) {
  const Tensor upstream = moved(gradient, device, dtype);
  const Tensor weight = moved(layer.weight, device, dtype);
  const Tensor relu_mask = moved(layer.relu_mask, device, dtype);
  const bool pools = layer.params.pool != PoolKind::none;
  const Tensor pool_mask = pools ? moved(layer.pool_mask, device, dtype) : Tensor();
  Tensor dx(device, layer.input, dtype);
  device.ops().conv2d_backward_input(layer.params,
                                     {pools ? nullptr : &upstream, pools ? &upstream : nullptr,
                                      &relu_mask, pools ? &pool_mask : nullptr},
                                     weight, dx, WriteMode::assign);
  return dx;
}

// Down from relu5_1 to the picture, with the gradients that style losses add at their taps.
class FixedDecisions : public testing::Test {
 protected:
  FixedDecisions() {
    const WeightsFile file = WeightsFile::from_memory(bytes_, "synthetic");
    layers_ = decide(file, Pictures(reference_, DType::f64).generated);
    const std::vector<Decided> styled = decide(file, Pictures(reference_, DType::f64).style);
    const FeatureLoss loss = make_gram_loss(GramLossOptions{.relative = true});
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      Tensor& gradient = added_.emplace_back();
      if (std::find(style_taps.begin(), style_taps.end(), layers_[i].tap) != style_taps.end()) {
        const Variable features(layers_[i].y, true);
        backward(loss.against(loss.target(styled[i].y))(features));
        gradient = features.grad();
      }
    }
  }

  // The gradient with respect to what each layer was given; [0]: the network's input.
  std::vector<Tensor> descend(const Device& device, DType dtype) const {
    std::vector<Tensor> gradients(layers_.size());
    Tensor gradient;
    for (std::size_t i = layers_.size(); i-- > 0;) {
      if (added_[i].defined()) {
        Tensor own = moved(added_[i], device, dtype);
        if (gradient.defined()) {
          device.ops().axpby(1, gradient, 1, own);
        }
        gradient = own;
      }
      gradient = backward_through(layers_[i], gradient, device, dtype);
      gradients[i] = gradient;
    }
    return gradients;
  }

  const Device reference_ = Device::reference();
  const std::vector<std::byte> bytes_ = synthetic_vgg19();
  std::vector<Decided> layers_;
  std::vector<Tensor> added_;  // undefined where no style loss looks
};

TEST_F(FixedDecisions, SinglePrecisionGradients) {
  const std::vector<Tensor> exact = descend(reference_, DType::f64);
  const Device cpu = Device::cpu();
  const std::vector<Tensor> chained = descend(cpu, DType::f32);
  ASSERT_EQ(exact.size(), 13u);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    SCOPED_TRACE(layers_[i].tap);
    const std::vector<double> wanted = exact[i].to_host<double>();
    // All layers above in f32.
    EXPECT_LE(relative_distance(chained[i].to_host<double>(), wanted), 1e-5);
    // This layer alone, on the exact gradient of its output: what is promised of a convolution.
    if (i + 1 < exact.size()) {
      Tensor above = moved(exact[i + 1], reference_, DType::f64);
      if (added_[i].defined()) {
        reference_.ops().axpby(1, added_[i], 1, above);
      }
      const Tensor alone = backward_through(layers_[i], above, cpu, DType::f32);
      EXPECT_LE(relative_distance(alone.to_host<double>(), wanted), 3e-6);
    }
  }
}

}  // namespace
}  // namespace gramgrad::nn
